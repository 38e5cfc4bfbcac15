namespace AutoStack.Data.Migrations.Internal;

/// <summary>Reads from the text of a statement what it does to which objects. What the text does not show is not guessed.</summary>
internal static class Effects
{
    private static readonly string[] Session =
        ["SET", "RESET", "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "LOCK", "LISTEN", "NOTIFY"];

    /// <summary>The effects in their order; empty for a statement that only its run can explain, such as a call.</summary>
    public static IReadOnlyList<Effect> Of(SqlStatement statement)
    {
        var cursor = statement.Read();
        return cursor.Take("CREATE") ? [.. CreateEffects.Of(statement, cursor)]
            : cursor.Take("ALTER TABLE") ? [.. AlterTableEffects.Of(cursor)]
            : cursor.Take("ALTER") ? [.. Alter(cursor)]
            : cursor.Take("DROP") ? [.. Drop(cursor)]
            : cursor.Starts("DO") ? [.. Block(statement)]
            : [.. Rows(cursor)];
    }

    /// <summary>True when the statement decides in which schema, or as which role, the following ones run.</summary>
    public static bool ChangesNames(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (!cursor.Take("SET") && !cursor.Take("RESET"))
        {
            return statement.Tokens.Any(token => token.Is("set_config"));
        }

        _ = cursor.Take("LOCAL") || (!cursor.Starts("SESSION AUTHORIZATION") && cursor.Take("SESSION"));
        return cursor.Starts("search_path") || cursor.Starts("ROLE") || cursor.Starts("SESSION AUTHORIZATION") || cursor.Starts("SCHEMA")
            || cursor.Starts("ALL");
    }

    /// <summary>True when the statement runs text or code whose effects its own text does not show.</summary>
    public static bool IsOpaque(SqlStatement statement) =>
        statement.Tokens is [var first, ..]
        && (first.Is("DO") || first.Is("CALL") || first.Is("SELECT") || first.Is("EXECUTE") || first.Is("WITH") || first.Is("VALUES")
            || (Of(statement).Count == 0 && !Session.Any(first.Is)));

    private static IEnumerable<Effect> Alter(SqlCursor cursor)
    {
        var relation = cursor.Take("INDEX") || cursor.Take("VIEW") || cursor.Take("MATERIALIZED VIEW") || cursor.Take("SEQUENCE");
        if (!relation && !cursor.Take("TYPE") && !cursor.Take("DOMAIN") && !cursor.Take("FUNCTION") && !cursor.Take("PROCEDURE"))
        {
            yield break;
        }

        cursor.Take("IF EXISTS");
        if (cursor.TakeName() is not { } name)
        {
            yield break;
        }

        if (relation)
        {
            yield return new Effect(EffectKind.Own, name);
        }

        if (cursor.Take("RENAME TO") && cursor.TakeName() is { } renamed)
        {
            yield return new Effect(EffectKind.Touch, name);
            yield return relation ? new Effect(EffectKind.CreateRelation, renamed) : new Effect(EffectKind.Touch, renamed);
        }
    }

    private static IEnumerable<Effect> Drop(SqlCursor cursor)
    {
        var table = cursor.Take("TABLE");
        var index = !table && cursor.Take("INDEX");
        var concurrently = index && cursor.Take("CONCURRENTLY");
        if (cursor.Take("TRIGGER") || cursor.Take("POLICY") || cursor.Take("RULE"))
        {
            cursor.Take("IF EXISTS");
            var part = cursor.TakeName();
            if (cursor.Take("ON") && cursor.TakeName() is { } owner)
            {
                yield return new Effect(EffectKind.Own, owner);
                yield return new Effect(EffectKind.Touch, owner, part);
                yield return Effect.Locks(owner, TableLockMode.AccessExclusive);
            }

            yield break;
        }

        var relation = table || index || cursor.Take("VIEW") || cursor.Take("MATERIALIZED VIEW") || cursor.Take("SEQUENCE");
        if (!relation && !cursor.Take("TYPE") && !cursor.Take("DOMAIN") && !cursor.Take("FUNCTION") && !cursor.Take("PROCEDURE")
            && !cursor.Take("SCHEMA") && !cursor.Take("EXTENSION"))
        {
            yield break;
        }

        cursor.Take("IF EXISTS");
        var cascades = cursor.Has("CASCADE");
        foreach (var item in cursor.Items())
        {
            if (item.TakeName() is not { } name)
            {
                continue;
            }

            if (relation)
            {
                yield return new Effect(EffectKind.DropRelation, name, table ? "table" : null, cascades);
                yield return Effect.Locks(name, concurrently ? TableLockMode.ShareUpdateExclusive : TableLockMode.AccessExclusive);
            }

            yield return new Effect(EffectKind.Touch, name);
        }
    }

    private static IEnumerable<Effect> Rows(SqlCursor cursor)
    {
        if (cursor.Take("TRUNCATE"))
        {
            cursor.Take("TABLE");
            foreach (var item in cursor.Items())
            {
                item.Take("ONLY");
                if (item.TakeName() is { } emptied)
                {
                    yield return new Effect(EffectKind.Write, emptied, "TRUNCATE");
                    yield return Effect.Locks(emptied, TableLockMode.AccessExclusive);
                }
            }

            yield break;
        }

        if (cursor.Take("COMMENT ON TABLE") || cursor.Take("COMMENT ON INDEX") || cursor.Take("COMMENT ON VIEW"))
        {
            if (cursor.TakeName() is { } described)
            {
                yield return new Effect(EffectKind.Own, described);
            }

            yield break;
        }

        if (cursor.Take("CLUSTER") || cursor.Take("VACUUM FULL"))
        {
            if (cursor.TakeName() is { } packed)
            {
                yield return Effect.Locks(packed, TableLockMode.AccessExclusive, rewrites: true);
            }

            yield break;
        }

        if (cursor.Take("LOCK"))
        {
            foreach (var effect in Locked(cursor))
            {
                yield return effect;
            }

            yield break;
        }

        if (cursor.Take("REINDEX") || cursor.Take("REFRESH"))
        {
            cursor.TakeGroup();
            var index = cursor.Take("INDEX") || cursor.Take("TABLE");
            if (!index && !cursor.Take("MATERIALIZED VIEW"))
            {
                yield break;
            }

            // Every query of the table opens its indexes, and waits for the one that is built anew.
            var concurrently = cursor.Take("CONCURRENTLY");
            if (cursor.TakeName() is { } renewed)
            {
                yield return Effect.Locks(renewed, !concurrently ? TableLockMode.AccessExclusive
                    : index ? TableLockMode.ShareUpdateExclusive : TableLockMode.Exclusive);
            }

            yield break;
        }

        for (; !cursor.AtEnd; cursor.Skip())
        {
            foreach (var effect in Writes(cursor))
            {
                yield return effect;
            }
        }
    }

    // LOCK TABLE a, b IN SHARE MODE.
    private static IEnumerable<Effect> Locked(SqlCursor cursor)
    {
        cursor.Take("TABLE");
        var tables = new SqlCursor(cursor.TakeWhile(token => !token.Is("IN") && !token.Is("NOWAIT")));
        var modes = Enum.GetValues<TableLockMode>().Where(mode => cursor.Starts($"IN {mode.Words()} MODE")).ToList();
        foreach (var item in tables.Items())
        {
            item.Take("ONLY");
            if (item.TakeName() is { } table)
            {
                yield return Effect.Locks(table, modes is [var mode] ? mode : TableLockMode.AccessExclusive);
            }
        }
    }

    // A block's own text is a script of another language, and may run a statement or not: of it is read what writes rows, and what its
    // statements lock.
    private static IEnumerable<Effect> Block(SqlStatement statement)
    {
        foreach (var effect in PlpgSql.Of(statement).Where(run => !run.Tokens[0].Is("DO")).SelectMany(Of))
        {
            if (effect.Kind == EffectKind.Lock && !effect.Name.Contains(PlpgSql.Unknown, StringComparison.Ordinal))
            {
                yield return effect;
            }
        }

        var inner = new SqlCursor(SqlBody.OfBlock(statement));
        for (; !inner.AtEnd; inner.Skip())
        {
            foreach (var effect in Writes(inner))
            {
                yield return effect;
            }
        }
    }

    // FOR UPDATE, DO UPDATE, ON UPDATE and OF UPDATE are followed by no name and SET.
    private static IEnumerable<Effect> Writes(SqlCursor cursor)
    {
        if (cursor.Take("INSERT INTO") && cursor.TakeName() is { } filled)
        {
            yield return new Effect(EffectKind.Write, filled, "INSERT");
            yield return Effect.Locks(filled, TableLockMode.RowExclusive);
        }
        else if (cursor.Take("DELETE FROM") && (cursor.Take("ONLY") || true) && cursor.TakeName() is { } emptied)
        {
            yield return new Effect(EffectKind.Write, emptied, "DELETE");
            yield return Effect.Locks(emptied, TableLockMode.RowExclusive);
        }
        else if (cursor.Take("UPDATE") && (cursor.Take("ONLY") || true) && !cursor.Starts("SET") && cursor.TakeName() is { } changed
            && IsSet(cursor))
        {
            yield return new Effect(EffectKind.Write, changed, "UPDATE");
            yield return Effect.Locks(changed, TableLockMode.RowExclusive, rewrites: true);
        }
    }

    private static bool IsSet(SqlCursor cursor)
    {
        if (cursor.Starts("SET"))
        {
            return true;
        }

        cursor.Take("AS");
        return cursor.TakeName() is not null && cursor.Starts("SET");
    }
}
