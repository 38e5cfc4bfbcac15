using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>
/// A server with an extension that the server of the run does not have, from the folder that an environment variable names.
/// </summary>
internal static class ExtensionServer
{
    /// <summary>The extensions that features need, with the variable that names a folder of binaries.</summary>
    private static readonly Dictionary<string, (string Variable, string Extension)> Known = new()
    {
        ["timescale"] = ("AUTOSTACK_TEST_TIMESCALE", "timescaledb"),
        ["citus"] = (CitusServer.Variable, "citus"),
    };

    private static readonly Dictionary<string, Lazy<Task<PostgresServer?>>> Started = Known.ToDictionary(
        known => known.Key, known => new Lazy<Task<PostgresServer?>>(() => StartAsync(known.Value.Variable, known.Value.Extension)));

    /// <summary>True for a feature that needs an extension which the server of the run does not have.</summary>
    public static bool IsNeededBy(string feature) => Known.ContainsKey(feature);

    /// <summary>The statement that creates the extension of a feature.</summary>
    public static string CreateSql(string feature) => $"CREATE EXTENSION {Known[feature].Extension}";

    /// <summary>The folder of the server's binaries for a feature.</summary>
    public static string FolderOf(string feature) => Environment.GetEnvironmentVariable(Known[feature].Variable) ?? "";

    /// <summary>The server for a feature; null when the variable is not set.</summary>
    public static Task<PostgresServer?> FindAsync(string feature) => Started[feature].Value;

    /// <summary>The server for a feature; skips the tests, with the reason, when the variable is not set.</summary>
    public static async Task<PostgresServer> RequireAsync(string feature)
    {
        var server = await FindAsync(feature);
        if (server is null)
        {
            var (variable, extension) = Known[feature];
            Assert.Ignore($"{variable} does not name a folder with the binaries of a PostgreSQL that has {extension}.");
        }

        return server!;
    }

    /// <summary>Stops the servers that were started.</summary>
    public static async Task StopAsync()
    {
        foreach (var server in Started.Values.Where(server => server.IsValueCreated))
        {
            if (await server.Value is { } started)
            {
                await started.DisposeAsync();
            }
        }
    }

    private static async Task<PostgresServer?> StartAsync(string variable, string extension) =>
        Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } folder ? null
            : await PostgresServer.StartAsync(extension == "citus" ? CitusServer.Options() : new PostgresServerOptions
            {
                BinDirectory = folder,
                Settings = new Dictionary<string, string>
                {
                    ["shared_preload_libraries"] = extension,
                    [$"{extension}.max_background_workers"] = "0",
                    ["timescaledb.telemetry_level"] = "off",
                },
            });
}
