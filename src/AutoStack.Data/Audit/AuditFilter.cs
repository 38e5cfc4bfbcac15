namespace AutoStack.Data.Audit;

/// <summary>Which entries of the audit log are listed: those that meet every condition that is not null.</summary>
public sealed record AuditFilter
{
    /// <summary>All entries.</summary>
    public static AuditFilter All { get; } = new();

    /// <summary>The table, for example <c>projects</c>.</summary>
    public string? Table { get; init; }

    /// <summary>The id of a row; also finds the entries of several rows that name it among their first 1,000.</summary>
    public Guid? RowId { get; init; }

    /// <summary>Who acted, letter by letter.</summary>
    public string? Actor { get; init; }

    /// <summary>The earliest time.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The end of the time, exclusive.</summary>
    public DateTimeOffset? Until { get; init; }
}
