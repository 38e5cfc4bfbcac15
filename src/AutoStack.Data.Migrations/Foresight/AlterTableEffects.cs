namespace AutoStack.Data.Migrations.Internal;

/// <summary>What an ALTER TABLE statement does.</summary>
internal static class AlterTableEffects
{
    // Functions that give each row another value: the server writes each row of a table anew for such a default.
    private static readonly string[] Volatile =
        ["random", "gen_random_uuid", "uuid_generate_v4", "uuid_generate_v1", "clock_timestamp", "nextval", "uuidv7", "timeofday"];

    /// <param name="cursor">The cursor after ALTER TABLE.</param>
    public static IEnumerable<Effect> Of(SqlCursor cursor)
    {
        cursor.Take("IF EXISTS");
        cursor.Take("ONLY");
        if (cursor.TakeName() is not { } table)
        {
            yield break;
        }

        cursor.Take("*");
        yield return new Effect(EffectKind.Own, table);
        foreach (var action in cursor.Items())
        {
            foreach (var effect in Action(table, action))
            {
                yield return effect;
            }
        }
    }

    private static IEnumerable<Effect> Action(string table, SqlCursor action)
    {
        if (action.Take("ADD"))
        {
            return action.Starts("CONSTRAINT") || action.Starts("CHECK") || action.Starts("UNIQUE") || action.Starts("PRIMARY KEY")
                || action.Starts("FOREIGN KEY") || action.Starts("EXCLUDE") ? AddConstraint(table, action) : AddColumn(table, action);
        }

        if (action.Take("VALIDATE CONSTRAINT") || action.Take("ATTACH PARTITION"))
        {
            return [Effect.Locks(table, TableLockMode.ShareUpdateExclusive)];
        }

        if (action.Take("DETACH PARTITION"))
        {
            return [Effect.Locks(table, action.Has("CONCURRENTLY") ? TableLockMode.ShareUpdateExclusive : TableLockMode.AccessExclusive)];
        }

        List<Effect> effects = [Effect.Locks(table, TableLockMode.AccessExclusive)];
        if (action.Take("DROP CONSTRAINT"))
        {
            action.Take("IF EXISTS");
            effects.AddRange(action.TakeName() is { } constraint
                ? [new Effect(EffectKind.Touch, table, constraint), new Effect(EffectKind.Touch, constraint)] : []);
        }
        else if (action.Take("DROP"))
        {
            action.Take("COLUMN");
            action.Take("IF EXISTS");
            effects.AddRange(action.TakeName() is { } column
                ? [new Effect(EffectKind.DropColumn, table, column, action.Take("CASCADE")), new Effect(EffectKind.Touch, table, column)]
                : []);
        }
        else if (action.Take("ALTER"))
        {
            action.Take("COLUMN");
            if (action.TakeName() is { } column && (action.Take("TYPE") || action.Take("SET DATA TYPE")))
            {
                return [new Effect(EffectKind.Retype, table, column), effects[0] with { Rewrites = true }];
            }
        }
        else if (action.Take("RENAME"))
        {
            effects.AddRange(Rename(table, action));
        }
        else if (action.Take("SET SCHEMA") || action.Take("OWNER TO"))
        {
            effects.Add(new Effect(EffectKind.Touch, table));
        }
        else if (action.Take("SET TABLESPACE") || action.Take("SET LOGGED") || action.Take("SET UNLOGGED")
            || action.Take("SET ACCESS METHOD"))
        {
            return [effects[0] with { Rewrites = true }];
        }

        return effects;
    }

    private static IEnumerable<Effect> Rename(string table, SqlCursor action)
    {
        if (action.Take("TO"))
        {
            return action.TakeName() is { } renamed
                ? [new Effect(EffectKind.Touch, table), new Effect(EffectKind.CreateRelation, renamed)] : [];
        }

        var constraint = action.Take("CONSTRAINT");
        if (!constraint)
        {
            action.Take("COLUMN");
        }

        return action.TakeName() is { } old && action.Take("TO") && action.TakeName() is { } name
            ?
            [
                new Effect(EffectKind.Touch, table, old),
                new Effect(constraint ? EffectKind.AddConstraint : EffectKind.AddColumn, table, name),
            ]
            : [];
    }

    private static IEnumerable<Effect> AddColumn(string table, SqlCursor action)
    {
        action.Take("COLUMN");
        var lenient = action.Take("IF NOT EXISTS");
        if (action.TakeName() is not { } column)
        {
            yield break;
        }

        var rest = action.TakeWhile(_ => true);
        var rewrites = rest.Any(token => token.Is("STORED") || token.Name is "serial" or "bigserial" or "smallserial")
            || rest.Any(token => token.Is("IDENTITY")) || rest.Any(token => token.IsName && Volatile.Contains(token.Name));
        yield return new Effect(EffectKind.AddColumn, table, column, lenient);
        yield return Effect.Locks(table, TableLockMode.AccessExclusive, rewrites);
        foreach (var effect in TableConstraint.Of(table, new SqlCursor(rest), lenient))
        {
            yield return effect;
        }
    }

    private static IEnumerable<Effect> AddConstraint(string table, SqlCursor action)
    {
        var all = action.TakeWhile(_ => true);
        var foreign = all.Any(token => token.Is("FOREIGN"));
        yield return Effect.Locks(table, foreign ? TableLockMode.ShareRowExclusive : TableLockMode.AccessExclusive);
        var reading = new SqlCursor(all);
        if (reading.Take("CONSTRAINT") && reading.TakeName() is { } name)
        {
            yield return new Effect(EffectKind.AddConstraint, table, name);
        }

        foreach (var effect in TableConstraint.Of(table, new SqlCursor(all), lenient: false))
        {
            yield return effect;
        }
    }
}
