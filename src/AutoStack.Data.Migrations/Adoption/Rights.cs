namespace AutoStack.Data.Migrations.Internal;

/// <summary>Checks the privileges that the steps of an adoption need, before anything is changed.</summary>
internal static class Rights
{
    private const string Extension = "adopt_extension.sql";

    public static IEnumerable<RowCheck> Of(AdoptionPlan plan)
    {
        List<string> steps = [.. plan.Changes.Select(c => c.Step.FileName), .. plan.Scripts.Select(s => s.Up.FileName)];
        if (steps.Contains(Extension))
        {
            yield return RowCheck.OfQuery(
                Extension, "This role lacks the privilege to create extensions in this database", """
                SELECT current_user, current_database()
                WHERE NOT has_database_privilege(current_database(), 'CREATE')
                """, "As the owner of the database: GRANT CREATE ON DATABASE … TO …; or CREATE EXTENSION \"uuid-ossp\";");
        }

        if (steps.Find(step => step != Extension) is not { } first)
        {
            yield break;
        }

        yield return RowCheck.OfQuery(
            first, "This role lacks the privilege to create objects in the schema public", """
            SELECT current_user
            WHERE NOT has_schema_privilege('public', 'CREATE')
            """, "As the owner of the schema: GRANT CREATE ON SCHEMA public TO …;");
        yield return RowCheck.OfQuery(
            first, "Tables belong to another role, and only their owner may change them", $"""
            SELECT c.relname, pg_get_userbyid(c.relowner) AS owner
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace
              AND c.relname IN ({string.Join(", ", OwnTables.Names.Select(name => $"'{name}'"))})
              AND NOT pg_has_role(c.relowner, 'USAGE')
            """, "Run adopt as their owner, or as a member of that role.");
    }
}
