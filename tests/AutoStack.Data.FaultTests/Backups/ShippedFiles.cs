using System.Globalization;
using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.FaultTests.Backups;

/// <summary>The files of <c>deploy/pgbackrest</c>, for a server of the tests: only places and what costs time are other ones.</summary>
internal static class ShippedFiles
{
    private static string Place => Path.Combine(SourceRoot.Path, "deploy", "pgbackrest");

    /// <summary>The configuration of pgBackRest.</summary>
    /// <param name="folder">The folder of repository, log, locks and queue.</param>
    /// <param name="data">The data directory of the server.</param>
    /// <param name="port">The port of its socket.</param>
    /// <param name="role">The role that pgBackRest logs in as.</param>
    public static string PgBackRest(string folder, string data, int port, string role)
    {
        var text = File.ReadAllText(Path.Combine(Place, "pgbackrest.conf"));
        foreach (var (name, value) in new[]
        {
            ("repo1-path", $"{folder}/repository"), ("spool-path", $"{folder}/spool"), ("compress-type", "none"), ("pg1-path", data),
            ("pg1-port", port.ToString(CultureInfo.InvariantCulture)), ("pg1-socket-path", $"{folder}/socket"),
        })
        {
            var line = new Regex($"^{name}=.*$", RegexOptions.Multiline);
            Assert.That(line.IsMatch(text), $"pgbackrest.conf has no {name}");
            text = line.Replace(text, $"{name}={value}");
        }

        var more = $"[global]\nlog-path={folder}/log\nlock-path={folder}/lock\njob-retry=0\n";
        return text.Replace("[global]\n", more, StringComparison.Ordinal) + $"pg1-user={role}\n";
    }

    /// <summary>The settings of PostgreSQL.</summary>
    public static IReadOnlyDictionary<string, string> Postgres() => File
        .ReadAllLines(Path.Combine(Place, "postgresql.autostack.conf")).Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split('=', 2, StringSplitOptions.TrimEntries)).ToDictionary(pair => pair[0], pair => pair[1].Trim('\''));
}
