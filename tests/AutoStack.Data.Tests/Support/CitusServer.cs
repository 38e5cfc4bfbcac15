using AutoStack.Data.Testing;

namespace AutoStack.Data.Tests.Support;

/// <summary>A node of a Citus cluster, from the folder of a server's binaries that an environment variable names.</summary>
internal static class CitusServer
{
    /// <summary>The variable that names the folder.</summary>
    public const string Variable = "AUTOSTACK_TEST_CITUS";

    /// <summary>Whether the variable is set.</summary>
    public static bool IsOn => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    /// <summary>How a node is started. Nodes connect to each other and to themselves without a password.</summary>
    public static PostgresServerOptions Options()
    {
        var rules = Path.Combine(Path.GetTempPath(), $"autostack-citus-{Environment.ProcessId}.conf");
        File.WriteAllText(rules, "host all all 127.0.0.1/32 trust\n");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(rules);
        return new PostgresServerOptions
        {
            BinDirectory = Environment.GetEnvironmentVariable(Variable),
            Settings = new Dictionary<string, string>
            {
                ["shared_preload_libraries"] = "citus",
                ["citus.enable_unsafe_triggers"] = "on",
                ["citus.local_hostname"] = "127.0.0.1",
                ["citus.node_conninfo"] = "sslmode=disable",
                ["hba_file"] = rules,
                ["max_worker_processes"] = "200",
            },
        };
    }
}
