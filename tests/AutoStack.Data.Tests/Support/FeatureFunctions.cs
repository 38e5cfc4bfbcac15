using Npgsql;

namespace AutoStack.Data.Tests.Support;

/// <summary>The functions of optional features, which statements of the library call.</summary>
internal static class FeatureFunctions
{
    /// <summary>
    /// Runs version 1 of each feature that adds functions and settings with it; the tables stay as they are, and no index is built.
    /// </summary>
    public static async Task AddAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        foreach (var folder in Directory.EnumerateDirectories(Path.Combine(SourceRoot.Path, "scripts", "sql", "features")))
        {
            var script = Directory.EnumerateFiles(folder, "0001_*.sql")
                .Single(file => !file.EndsWith(".down.sql", StringComparison.Ordinal));
            var text = await File.ReadAllTextAsync(script, cancellationToken);
            if (text.Contains("CREATE INDEX CONCURRENTLY", StringComparison.Ordinal))
            {
                continue;
            }

            await using var command = new NpgsqlCommand($"DO $run$ BEGIN EXECUTE $script${text}$script$; END $run$", connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
