using System.Text;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Testing;

/// <summary>Checks the schema of a database that a service has set up in its own way, such as that of its deployment.</summary>
public static class SchemaAssert
{
    /// <summary>
    /// Throws unless every script of this package's version is applied to the database, unchanged, and every object is what the scripts
    /// create. Writes nothing.
    /// </summary>
    /// <param name="connectionString">The database: an Npgsql connection string, or a URI.</param>
    /// <param name="options">The script sets of the service, and differences to ignore; null for the core and its features alone.</param>
    /// <param name="cancellationToken">Stops the check.</param>
    /// <returns>A task that completes when the schema is up to date.</returns>
    /// <exception cref="SchemaNotUpToDateException">
    /// A script is pending, or an object differs; the message has a line for each.
    /// </exception>
    /// <exception cref="MigrationException">The database cannot be reached, or its journal cannot be read.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="connectionString"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task AssertSchemaUpToDateAsync(
        string connectionString, SchemaMigratorOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        var result = await new SchemaMigrator(connectionString, options).CheckAsync(cancellationToken).ConfigureAwait(false);
        if (!result.IsClean)
        {
            throw new SchemaNotUpToDateException(Describe(result), result);
        }
    }

    private static string Describe(SchemaCheckResult result)
    {
        var (current, head) = (result.History.CurrentVersion, result.History.HeadVersion);
        var text = new StringBuilder($"The schema is not up to date: the database has version {current} of {head}.");
        var findings = result.Pending.Select(pending => $"{pending.Name} is not applied.")
            .Concat(result.History.Findings.Select(finding => finding.Message))
            .Concat(result.Differences.Where(difference => !difference.IsRemark).Select(difference => difference.Message))
            .Concat(result.AllowsForeignObjects ? [] : result.ForeignObjects.Select(
                foreign => $"{foreign.Name} of {foreign.Owner} hides an object of PostgreSQL."));
        foreach (var finding in findings.Distinct())
        {
            text.Append("\n  ").Append(finding);
        }

        return text.ToString();
    }
}
