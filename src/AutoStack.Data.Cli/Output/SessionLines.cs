using System.Globalization;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Monitoring;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>Sessions by application and state, long transactions, and who blocks whom as a tree.</summary>
internal static class SessionLines
{
    private const double LongTransaction = 1;
    private const int Deepest = 20;

    public static void Write(
        IAnsiConsole output, IReadOnlyList<SessionStats> sessions, IReadOnlyList<PreparedTransactionStats> prepared, int most)
    {
        if (sessions.Count == 0)
        {
            output.WriteLine("No session besides this one.");
        }
        else
        {
            WriteGroups(output, sessions, most);
        }

        WriteTransactions(output, sessions, prepared, most);
        WriteTree(output, sessions);
    }

    private static void WriteGroups(IAnsiConsole output, IReadOnlyList<SessionStats> sessions, int most)
    {
        var grid = new Grid(
            new Column("application"), new Column("state"), new Column("sessions", Right: true),
            new Column("database", LeftOut: 1), new Column("role", LeftOut: 2), new Column("longest", Right: true, LeftOut: 3));
        var groups = sessions.GroupBy(s => (s.Application, State: s.State ?? "hidden", Database: s.DatabaseName, s.Role))
            .OrderByDescending(group => group.Count()).ThenBy(group => group.Key.Application, StringComparer.Ordinal).ToList();
        foreach (var group in groups.Take(most))
        {
            grid.Add(
                group.Key.Application.Length == 0 ? "(none)" : group.Key.Application, group.Key.State, Amount.Count(group.Count()),
                group.Key.Database ?? "", group.Key.Role ?? "", Amount.Seconds(group.Max(s => s.StateSeconds)));
        }

        grid.Write(output);
        if (groups.Count > most)
        {
            output.WriteLine($"and {Screen.Count(groups.Count - most, "more group")}");
        }
    }

    private static void WriteTransactions(
        IAnsiConsole output, IReadOnlyList<SessionStats> sessions, IReadOnlyList<PreparedTransactionStats> prepared, int most)
    {
        var open = sessions.Where(s => s.TransactionSeconds >= LongTransaction).OrderByDescending(s => s.TransactionSeconds).ToList();
        if (open.Count + prepared.Count == 0)
        {
            return;
        }

        output.WriteLine();
        var grid = new Grid(
            new Column("pid", Right: true), new Column("transaction", Right: true), new Column("state"),
            new Column("xmin age", Right: true, LeftOut: 2), new Column("application", LeftOut: 1),
            new Column("statement", LeftOut: 3, Wraps: true));
        foreach (var session in open.Take(most))
        {
            grid.Add(
                session.Pid.ToString(CultureInfo.InvariantCulture), Amount.Seconds(session.TransactionSeconds), session.State ?? "hidden",
                session.XminAge is null ? "" : Amount.Count(session.XminAge), session.Application, What(session));
        }

        foreach (var transaction in prepared.Take(most))
        {
            grid.Add(
                "0", Amount.Seconds(transaction.Seconds), "prepared", Amount.Count(transaction.XminAge), transaction.Role,
                transaction.Name);
        }

        grid.Write(output);
    }

    // Each session below the one that it waits for; one that waits for several is below each of them.
    private static void WriteTree(IAnsiConsole output, IReadOnlyList<SessionStats> sessions)
    {
        var waiting = sessions.Where(s => s.BlockedBy.Count > 0).ToList();
        if (waiting.Count == 0)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine("Blocked, below those who hold the locks:");
        var byPid = sessions.ToDictionary(s => s.Pid);
        var roots = waiting.SelectMany(s => s.BlockedBy).Distinct()
            .Where(pid => !byPid.TryGetValue(pid, out var holder) || holder.BlockedBy.Count == 0).Order().ToList();

        // In a circle, which the server ends as a deadlock, everybody waits.
        foreach (var root in roots.Count > 0 ? roots : [waiting[0].Pid])
        {
            WriteNode(root, 0, []);
        }

        void WriteNode(int pid, int depth, List<int> above)
        {
            var session = byPid.GetValueOrDefault(pid);
            output.WriteLine(new string(' ', depth * 2) + (session is null
                ? pid == 0 ? "a prepared transaction" : FormattableString.Invariant($"pid {pid}")
                : string.Join(' ', new[]
                {
                    FormattableString.Invariant($"pid {pid}"), session.Application, session.State ?? "hidden",
                    Amount.Seconds(session.TransactionSeconds), session.Wait, What(session),
                }.Where(text => !string.IsNullOrEmpty(text)).Select(text => Visible.Text(text!)))));
            foreach (var blocked in waiting.Where(s => s.BlockedBy.Contains(pid) && !above.Contains(s.Pid) && s.Pid != pid))
            {
                if (depth < Deepest)
                {
                    WriteNode(blocked.Pid, depth + 1, [.. above, pid]);
                }
            }
        }
    }

    private static string What(SessionStats session) =>
        session.Operation ?? (session.Statement is { } text ? text.Length > 100 ? text[..100] + "…" : text : "hidden");
}
