using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Integrity;

/// <summary>One check of the data: a name, and the parts that it reads.</summary>
/// <param name="Name">The name, in kebab case.</param>
/// <param name="Holds">What holds when the check finds nothing, in one sentence.</param>
/// <param name="Parts">The parts, each of some tables, indexes or facts.</param>
internal sealed record IntegrityRule(string Name, string Holds, params IntegrityPart[] Parts);

/// <summary>A part of a check: what it reads, range by range.</summary>
/// <param name="severity">How grave a wrong row is.</param>
/// <param name="mend">How to mend it.</param>
internal abstract class IntegrityPart(Severity severity, string mend)
{
    public Severity Severity => severity;

    public string Mend => mend;

    /// <summary>What the part is about, when its targets cannot be listed; null for the check itself.</summary>
    public virtual string? Subject => null;

    /// <summary>Lists the tables or objects to read.</summary>
    public abstract Task<IReadOnlyList<Target>> TargetsAsync(Verification run, CancellationToken cancellationToken);

    /// <summary>Reads a range of a target.</summary>
    public abstract Task<RangeResult> ReadAsync(Verification run, Target target, PageRange range, CancellationToken cancellationToken);

    /// <summary>The problem of an error of the server that means damaged data; null for any other error.</summary>
    public virtual string? ProblemOf(PostgresException error) =>
        error.SqlState is ['X', 'X', ..] or ['5', '8', ..] or PostgresErrorCodes.CharacterNotInRepertoire
            ? $"cannot be read ({error.SqlState}: {error.MessageText})"
            : null;
}

/// <summary>A table or object that a check reads.</summary>
/// <param name="Subject">Its name, for people.</param>
/// <param name="Pages">The number of its pages; 0 for an object that is read at once.</param>
internal sealed record Target(string Subject, long Pages)
{
    /// <summary>The table, quoted where SQL needs it; empty where the part knows it.</summary>
    public string Table { get; init; } = "";

    /// <summary>An expression that names a row <c>t</c>; empty where the part knows it.</summary>
    public string RowName { get; init; } = "";

    /// <summary>The condition of a wrong row <c>t</c>, or another text that the part needs.</summary>
    public string Condition { get; init; } = "";

    /// <summary>Why the target cannot be read; null when it can.</summary>
    public Obstacle? Missing { get; init; }

    /// <summary>Reads subject, pages, table, name of a row, condition.</summary>
    public static Target Read(RowReader row) =>
        new(row.Text(), row.Long()) { Table = row.Text(), RowName = row.Text(), Condition = row.Text() };
}

/// <summary>A range of the pages of a table.</summary>
/// <param name="First">The first page.</param>
/// <param name="Count">The number of pages.</param>
internal readonly record struct PageRange(long First, long Count)
{
    // The last page that a place can name.
    private const long MaxPage = uint.MaxValue - 1;

    /// <summary>The place before the first row.</summary>
    public NpgsqlParameter Start => P.Text($"({First},0)", name: "start");

    /// <summary>The place after the last row.</summary>
    public NpgsqlParameter Stop => P.Text($"({Math.Min(First + Count, MaxPage)},0)", name: "stop");
}

/// <summary>The result of reading a range.</summary>
/// <param name="Rows">The number of rows read.</param>
/// <param name="Problems">The wrong rows, by what is wrong with them.</param>
internal sealed record RangeResult(long Rows, IReadOnlyList<RangeProblem> Problems)
{
    /// <summary>Puts the rows of <see cref="RangeSql.Close"/> together.</summary>
    public static RangeResult Of(IReadOnlyList<(long Rows, RangeProblem? Problem)> rows) =>
        new(rows.Count == 0 ? 0 : rows[0].Rows, [.. rows.Select(row => row.Problem).OfType<RangeProblem>()]);

    /// <summary>Reads a row of <see cref="RangeSql.Close"/>.</summary>
    public static (long Rows, RangeProblem? Problem) Read(RowReader row)
    {
        var (rows, problem, count, ids) = (row.Long(), row.TextOrNull(), row.Long(), row.Text());
        return (rows, problem is null ? null : new RangeProblem(problem, count, ids.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }
}

/// <summary>The rows of a range that have the same problem.</summary>
/// <param name="Problem">What is wrong, in the words that follow the rows.</param>
/// <param name="Rows">The number of rows.</param>
/// <param name="Ids">The names of some of them.</param>
internal sealed record RangeProblem(string Problem, long Rows, IReadOnlyList<string> Ids);
