using System.Globalization;
using System.Text.RegularExpressions;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Bench;

/// <summary>
/// The tables of the load: the migration scripts, rewritten for a schema of the benchmark's own, and the rows in them. A test compares the
/// result with what the migrator creates.
/// </summary>
internal static partial class BenchSchema
{
    /// <summary>Tables with rows, which the load reads.</summary>
    public static IReadOnlyList<string> Tables { get; } = ["users", "projects", "deployments", "deployment_logs"];

    /// <summary>
    /// The scripts, each to be run on its own with the schema as the search path. An extension belongs to the whole database, so the block
    /// that creates one is left out and ids come from PostgreSQL's own function. Building an index concurrently would wait for every
    /// transaction of the database.
    /// </summary>
    public static IEnumerable<string> Scripts(string schema) => SchemaMigrator.Scripts.Select(script => ExtensionBlock()
        .Replace(script.Up.Sql, "")
        .Replace("uuid_generate_v4()", "gen_random_uuid()", StringComparison.Ordinal)
        .Replace(" CONCURRENTLY", "", StringComparison.Ordinal)
        .Replace("public.", schema + ".", StringComparison.Ordinal));

    /// <summary>The statements that insert the rows, to be run with the schema as the search path.</summary>
    public static string Rows(BenchScale scale) => string.Create(CultureInfo.InvariantCulture, $"""
        INSERT INTO users (name, email, email_verified, created_at, updated_at)
        SELECT 'User ' || n, 'user-' || n || '@example.com', TRUE, timestamp '2026-01-01', timestamp '2026-01-01'
        FROM generate_series(1, {scale.Users}) AS n;
        INSERT INTO projects (user_id, name, repository, branch, build_command, output_dir, runtime, created_at, updated_at)
        SELECT u.id, 'site-' || n, 'https://git.example.com/owner/site-' || n, 'main', 'npm run build', 'dist', 'static',
            u.created_at, u.updated_at
        FROM users u
        CROSS JOIN generate_series(1, 2) AS n;
        INSERT INTO deployments (
            project_id, user_id, status, branch, commit_hash, commit_message, author, commit_timestamp, creator_type, is_production,
            build_duration_seconds, deployed_url, started_at, completed_at, created_at)
        SELECT p.id, p.user_id, 'success', 'main', md5(n::text) || 'c0ffee00',
            'Make the layout of page ' || n || ' hold on narrow screens, too', 'Ada Lovelace', moment, 'auto', n % 4 = 0,
            40 + n % 50, 'https://site.example.com', moment, moment + interval '1 minute', moment
        FROM projects p
        CROSS JOIN generate_series(1, {BenchScale.DeploymentsPerUser / 2}) AS n
        CROSS JOIN LATERAL (SELECT p.created_at + n * interval '1 hour' AS moment) m;
        INSERT INTO deployment_logs (deployment_id, timestamp, log_level, message, created_at, seq)
        SELECT d.id, d.created_at, 'info',
            'Step ' || n || ' of many: compiled module ' || n * 17 || ' in ' || n % 90 || ' ms, no warnings', d.created_at, n
        FROM (SELECT id, created_at FROM deployments ORDER BY created_at DESC, id LIMIT {scale.DeploymentsWithLog}) d
        CROSS JOIN generate_series(1, {BenchScale.LogLength}) AS n
        """);

    [GeneratedRegex(
        @"^DO \$\$(?:(?!\$\$).)*CREATE EXTENSION(?:(?!\$\$).)*\$\$;",
        RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex ExtensionBlock();
}
