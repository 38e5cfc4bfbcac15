using System.Globalization;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Finds what the scripts of a plan need and a database does not have, before any of them runs.</summary>
internal static class RequirementCheck
{
    /// <summary>Refuses a plan whose scripts need what is missing; the message has a sentence for each that mends it.</summary>
    /// <exception cref="MigrationException"><see cref="MigrationError.RequirementMissing"/>.</exception>
    public static async Task RefuseMissingAsync(
        NpgsqlConnection connection, SchemaHistory history, IReadOnlyList<ScriptSet> sets, MigrationPlan plan,
        CancellationToken cancellationToken)
    {
        var missing = MissingSets(history, sets, plan);
        foreach (var (script, need) in Of(plan))
        {
            if (need.Kind == RequirementKind.Extension && !Creates(plan, need.Name))
            {
                Add(script, await FindMissingExtensionAsync(connection, need.Name, cancellationToken).ConfigureAwait(false));
            }
            else if (need.Kind == RequirementKind.Setting)
            {
                Add(script, await FindMissingSettingAsync(connection, need, cancellationToken).ConfigureAwait(false));
            }
        }

        Refuse(missing);

        void Add(MigrationScript script, string? problem)
        {
            if (problem is not null)
            {
                missing.Add($"{script.Up.FileName} {problem}");
            }
        }
    }

    /// <summary>
    /// Refuses a plan whose scripts need a version of another set that the plan does not reach before them, or exclude another set.
    /// </summary>
    /// <exception cref="MigrationException"><see cref="MigrationError.RequirementMissing"/>.</exception>
    public static void RefuseMissingSets(SchemaHistory history, IReadOnlyList<ScriptSet> sets, MigrationPlan plan) =>
        Refuse(MissingSets(history, sets, plan));

    /// <summary>Refuses a downgrade below a version that an applied script of another set needs.</summary>
    /// <exception cref="MigrationException"><see cref="MigrationError.RequirementMissing"/>.</exception>
    public static void RefuseNeeded(SchemaHistory history, IReadOnlyList<ScriptSet> sets, SetVersions down)
    {
        Refuse(
        [
            .. from set in sets
               where set.Name != down.Set
               from script in set.Scripts
               where script.Version <= (history.Find(set.Name)?.CurrentVersion ?? 0)
               from need in script.Up.Requirements
               where need.Kind == RequirementKind.Set && need.Name == down.Set && Number(need) > down.ToVersion
               select $"{script.Up.FileName} is applied and needs version {need.Value} of {down.Set}. Revert it first: " +
                   Removal(set, script.Version - 1),
        ]);
    }

    private static string Removal(ScriptSet set, int version) => set.Kind == ScriptSetKind.Feature
        ? $"autostack-db feature disable {set.Name}."
        : $"autostack-db downgrade {(version == 0 ? "base" : version.ToString(CultureInfo.InvariantCulture))} --set {set.Name}.";

    private static List<string> MissingSets(SchemaHistory history, IReadOnlyList<ScriptSet> sets, MigrationPlan plan)
    {
        var missing = plan.IsDowngrade ? [] : Excluded(history, sets, plan);
        var reached = history.Sets.ToDictionary(set => set.Set, set => set.CurrentVersion);
        foreach (var script in plan.Scripts.Where(_ => !plan.IsDowngrade))
        {
            foreach (var need in script.Up.Requirements.Where(r => r.Kind == RequirementKind.Set))
            {
                var version = reached.GetValueOrDefault(need.Name);
                if (version < Number(need))
                {
                    missing.Add($"{script.Up.FileName} needs version {need.Value} of {need.Name}, and " + Way(history, need, version));
                }
            }

            if (!script.IsRepeatable)
            {
                reached[script.Set] = script.Version;
            }
        }

        return missing;
    }

    // Two sets exclude each other, whichever of them says so.
    private static List<string> Excluded(SchemaHistory history, IReadOnlyList<ScriptSet> sets, MigrationPlan plan)
    {
        return
        [
            .. from set in sets
               let first = plan.Scripts.FirstOrDefault(script => script.Set == set.Name)
               where first is not null
               from other in sets
               let isApplied = history.Find(other.Name)?.CurrentVersion > 0
               where isApplied || plan.Scripts.Any(script => script.Set == other.Name)
               where Excludes(set, other) || Excludes(other, set)
               select $"{first.Up.FileName}: {set.Name} and {other.Name} exclude each other. " +
                   (isApplied ? $"Revert the other one first: {Removal(other, 0)}" : $"Run one of them: --set {set.Name}."),
        ];

        static bool Excludes(ScriptSet set, ScriptSet other) => set.Scripts.Any(
            script => script.Up.Requirements.Any(need => need.Kind == RequirementKind.NoSet && need.Name == other.Name));
    }

    private static string Way(SchemaHistory history, Requirement need, int version)
    {
        var set = history.Find(need.Name);
        if (set is not null && set.Kind != ScriptSetKind.NotGiven && set.HeadVersion < Number(need))
        {
            return set.Kind == ScriptSetKind.Service ? $"the given scripts end at version {set.HeadVersion}: give newer ones."
                : $"this release of the tool ends at version {set.HeadVersion}: use a newer release.";
        }

        return $"the database is at {version}: " +
            $"autostack-db upgrade {need.Value}{(need.Name == ScriptSet.CoreName ? "" : $" --set {need.Name}")}.";
    }

    private static int Number(Requirement need) => int.Parse(need.Value, NumberStyles.None, CultureInfo.InvariantCulture);

    private static void Refuse(List<string> problems)
    {
        if (problems.Count > 0)
        {
            throw new MigrationException(
                MigrationError.RequirementMissing, $"{string.Join("\n", problems.Distinct())}\nNothing was changed.");
        }
    }

    private static IEnumerable<(MigrationScript Script, Requirement Need)> Of(MigrationPlan plan) => plan.IsDowngrade ? []
        : plan.Scripts.SelectMany(script => script.Up.Requirements.Select(need => (script, need)));

    // Whether a script of the run creates the extension itself; the server then says whether the role may.
    private static bool Creates(MigrationPlan plan, string extension) => plan.Scripts.SelectMany(s => s.Up.Statements).Any(statement =>
    {
        var cursor = statement.Read();
        return cursor.Take("CREATE EXTENSION") && (cursor.Take("IF NOT EXISTS") || true) && cursor.TakeName() == extension;
    });

    private static async Task<string?> FindMissingExtensionAsync(
        NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT CASE
                WHEN EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname::text = @name) THEN 'created'
                WHEN EXISTS (SELECT FROM pg_catalog.pg_available_extensions e WHERE e.name::text = @name) THEN 'available'
                ELSE 'missing'
            END
            """, connection);
        command.Parameters.AddWithValue("name", name);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) switch
        {
            "created" => null,
            "available" =>
                $"needs the extension {name}. Create it in this database, as a role that may: CREATE EXTENSION {Quoted(name)};",
            _ => $"needs the extension {name}, which the server does not have. Install its package on the server's machine, then: " +
                $"CREATE EXTENSION {Quoted(name)};",
        };
    }

    private static async Task<string?> FindMissingSettingAsync(
        NpgsqlConnection connection, Requirement need, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(
            "SELECT s.setting, s.context FROM pg_catalog.pg_settings s WHERE s.name = pg_catalog.lower(@name)", connection);
        command.Parameters.AddWithValue("name", need.Name);
        string setting, context;
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return $"needs {need.Name} = {need.Value}, and this role does not see that setting. Grant it: " +
                    "GRANT pg_read_all_settings TO the role; or the server does not know the setting.";
            }

            (setting, context) = (reader.GetString(0), reader.GetString(1));
        }

        if (setting.Split(',', StringSplitOptions.TrimEntries).Append(setting).Contains(need.Value, StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        // A list of libraries keeps those that it has.
        var list = need.Name.EndsWith("_libraries", StringComparison.OrdinalIgnoreCase) && setting.Length > 0;
        var value = list ? string.Join(", ", $"{setting},{need.Value}".Split(',', StringSplitOptions.TrimEntries).Select(Literal))
            : Literal(need.Value);
        return $"needs {need.Name} = {need.Value}, and the server has '{setting}'. As a superuser: " +
            $"ALTER SYSTEM SET {need.Name} = {value}; then " +
            (context == "postmaster" ? "restart the server." : "SELECT pg_reload_conf();");
    }

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Quoted(string name) =>
        name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_') ? name : $"\"{name}\"";
}
