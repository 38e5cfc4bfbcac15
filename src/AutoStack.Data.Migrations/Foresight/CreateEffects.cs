namespace AutoStack.Data.Migrations.Internal;

/// <summary>What a CREATE statement does.</summary>
internal static class CreateEffects
{
    /// <param name="statement">The statement.</param>
    /// <param name="cursor">The cursor after CREATE.</param>
    public static IEnumerable<Effect> Of(SqlStatement statement, SqlCursor cursor)
    {
        if (CreateIndex.Of(statement) is { } index)
        {
            return Index(index);
        }

        var replaces = cursor.Take("OR REPLACE");
        _ = cursor.Take("GLOBAL") || cursor.Take("LOCAL");
        if (cursor.Take("TEMPORARY") || cursor.Take("TEMP"))
        {
            _ = cursor.Take("TABLE") || cursor.Take("VIEW") || cursor.Take("SEQUENCE");
            cursor.Take("IF NOT EXISTS");
            return cursor.TakeName() is { } temporary ? [new Effect(EffectKind.Touch, temporary)] : [];
        }

        cursor.Take("UNLOGGED");
        if (cursor.Take("TABLE"))
        {
            return Table(cursor);
        }

        if (cursor.Take("VIEW") || cursor.Take("RECURSIVE VIEW") || cursor.Take("MATERIALIZED VIEW") || cursor.Take("SEQUENCE"))
        {
            var accepts = cursor.Take("IF NOT EXISTS") || replaces;
            return cursor.TakeName() is { } name ? [new Effect(EffectKind.CreateRelation, name, Lenient: accepts)] : [];
        }

        if (cursor.Take("TYPE") || cursor.Take("DOMAIN"))
        {
            return cursor.TakeName() is { } name ? [new Effect(EffectKind.CreateType, name)] : [];
        }

        if (cursor.Take("FUNCTION") || cursor.Take("PROCEDURE"))
        {
            return cursor.TakeName() is { } name && cursor.TakeGroup() is { } parameters
                ? [new Effect(EffectKind.CreateRoutine, name, ParameterTypes.Of(parameters), replaces)] : [];
        }

        cursor.Take("CONSTRAINT");
        if (cursor.Take("TRIGGER"))
        {
            return cursor.TakeName() is { } trigger && cursor.Find("ON") && cursor.TakeName() is { } table
                ? [new Effect(EffectKind.AddTrigger, table, trigger, replaces), Effect.Locks(table, TableLockMode.ShareRowExclusive)] : [];
        }

        if (cursor.Take("RULE"))
        {
            return cursor.Find("TO") && cursor.TakeName() is { } table ? [Effect.Locks(table, TableLockMode.AccessExclusive)] : [];
        }

        if (cursor.Take("POLICY"))
        {
            return cursor.TakeName() is { } policy && cursor.Take("ON") && cursor.TakeName() is { } table
                ?
                [
                    new Effect(EffectKind.Own, table), new Effect(EffectKind.AddPolicy, table, policy),
                    Effect.Locks(table, TableLockMode.AccessExclusive),
                ]
                : [];
        }

        var kind = cursor.Take("SCHEMA") ? EffectKind.CreateSchema
            : cursor.Take("EXTENSION") ? EffectKind.CreateExtension : EffectKind.Touch;
        var lenient = cursor.Take("IF NOT EXISTS");
        return kind != EffectKind.Touch && !cursor.Starts("AUTHORIZATION") && cursor.TakeName() is { } created
            ? [new Effect(kind, created, Lenient: lenient)] : [];
    }

    private static IEnumerable<Effect> Index(CreateIndex index)
    {
        // An index is created in the schema of its table.
        var dot = index.Table.IndexOf('.', StringComparison.Ordinal);
        var schema = dot < 0 ? "" : index.Table[..(dot + 1)];
        return
        [
            new Effect(EffectKind.Own, index.Table),
            .. index.Name is null ? []
                : new[] { new Effect(EffectKind.CreateRelation, schema + index.Name, index.Table, index.IfNotExists) },
            Effect.Locks(index.Table, index.Concurrently ? TableLockMode.ShareUpdateExclusive : TableLockMode.Share),
        ];
    }

    private static IEnumerable<Effect> Table(SqlCursor cursor)
    {
        var lenient = cursor.Take("IF NOT EXISTS");
        if (cursor.TakeName() is not { } table)
        {
            yield break;
        }

        yield return new Effect(EffectKind.CreateRelation, table, Lenient: lenient);
        if (cursor.Take("PARTITION OF") && cursor.TakeName() is { } parent)
        {
            yield return new Effect(EffectKind.Own, parent);
            yield return Effect.Locks(parent, TableLockMode.AccessExclusive);
        }

        foreach (var item in cursor.TakeGroup()?.Items() ?? [])
        {
            foreach (var effect in TableConstraint.Of(table, item, lenient))
            {
                yield return effect;
            }
        }
    }
}

/// <summary>The named constraints in the definition of a table or column.</summary>
internal static class TableConstraint
{
    /// <summary>The indexes and references of a column or constraint.</summary>
    public static IEnumerable<Effect> Of(string table, SqlCursor item, bool lenient)
    {
        for (; !item.AtEnd; item.Skip())
        {
            if (item.Take("CONSTRAINT") && item.TakeName() is { } name
                && (item.Starts("UNIQUE") || item.Starts("PRIMARY KEY") || item.Starts("EXCLUDE")) && !item.Has("USING INDEX"))
            {
                var dot = table.IndexOf('.', StringComparison.Ordinal);
                yield return new Effect(
                    EffectKind.CreateRelation, (dot < 0 ? "" : table[..(dot + 1)]) + name, table, lenient);
            }

            if (item.Take("REFERENCES") && item.TakeName() is { } other && other != table)
            {
                yield return Effect.Locks(other, TableLockMode.ShareRowExclusive);
            }
        }
    }
}
