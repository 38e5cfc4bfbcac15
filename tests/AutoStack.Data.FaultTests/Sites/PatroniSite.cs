using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.FaultTests.Servers;
using AutoStack.Data.Migrations;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.FaultTests.Sites;

/// <summary>
/// Three members of Patroni, which the services know as three hosts of one connection string. <c>deploy/patroni/laboratory</c> starts them
/// with the configuration that is shipped, and ends them when its input ends, however this process does.
/// </summary>
internal sealed class PatroniSite : Site
{
    private const string Database = "autostack";
    private readonly Process laboratory;
    private int entry;

    private PatroniSite(Process laboratory) => this.laboratory = laboratory;

    private NpgsqlConnectionStringBuilder Connection { get; set; } = null!;

    /// <summary>Starts the members; where a program is missing, the test is ignored.</summary>
    public static async Task<PatroniSite> StartAsync(CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Path.Combine(SourceRoot.Path, "deploy", "patroni", "laboratory"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["PG_BIN"] = FaultServers.Current.Binaries;
        var site = new PatroniSite(Process.Start(start)!);
        try
        {
            await site.CreateDatabaseAsync(await site.AnswerAsync(cancellationToken), cancellationToken);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    public override string ConnectionStringOf(string applicationName) =>
        new NpgsqlConnectionStringBuilder(Connection.ConnectionString) { ApplicationName = applicationName }.ConnectionString;

    public override Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) =>
        FaultServer.OpenDirectAsync($"{Connection.ConnectionString};Target Session Attributes=primary", cancellationToken);

    /// <summary>Opens a connection through haproxy, which leads to the primary.</summary>
    public Task<NpgsqlConnection> OpenThroughProxyAsync(CancellationToken cancellationToken) => FaultServer.OpenDirectAsync(
        new NpgsqlConnectionStringBuilder(Connection.ConnectionString) { Host = "127.0.0.1", Port = entry }.ConnectionString,
        cancellationToken);

    /// <summary>Runs a command of the laboratory, and returns its answer.</summary>
    public async Task<string> CommandAsync(string command, CancellationToken cancellationToken)
    {
        await laboratory.StandardInput.WriteLineAsync(command.AsMemory(), cancellationToken);
        await laboratory.StandardInput.FlushAsync(cancellationToken);
        return await AnswerAsync(cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        laboratory.StandardInput.Close();
        await laboratory.WaitForExitAsync(CancellationToken.None);
        laboratory.Dispose();
    }

    private async Task<string> AnswerAsync(CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        while (await laboratory.StandardOutput.ReadLineAsync(cancellationToken) is { Length: > 0 } line)
        {
            lines.Add(line);
        }

        return string.Join(Environment.NewLine, lines);
    }

    private async Task CreateDatabaseAsync(string ready, CancellationToken cancellationToken)
    {
        if (ready.Split(' ') is not ["ready", var ports, var haproxy, var password])
        {
            Assert.Ignore($"deploy/patroni/laboratory: {ready}");
            return;
        }

        entry = int.Parse(haproxy, CultureInfo.InvariantCulture);
        Connection = new NpgsqlConnectionStringBuilder
        {
            Host = string.Join(',', ports.Split(',').Select(port => $"127.0.0.1:{port}")),
            Database = "postgres",
            Username = "postgres",
            Password = password,
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        await using (var connection = await OpenAsync(cancellationToken))
        {
            string[] statements =
                [$"CREATE ROLE {Database} LOGIN PASSWORD '{password}'", $"CREATE DATABASE {Database} OWNER {Database}"];
            foreach (var sql in statements)
            {
#pragma warning disable CA2100 // The password is hexadecimal.
                await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
                await command.ExecuteNonQueryAsync(cancellationToken);
            }
        }

        (Connection.Database, Connection.Username) = (Database, Database);
        await new SchemaMigrator($"{Connection.ConnectionString};Target Session Attributes=primary")
            .UpgradeAsync(cancellationToken: cancellationToken);
    }
}
