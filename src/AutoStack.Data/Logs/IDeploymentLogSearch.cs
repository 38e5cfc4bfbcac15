namespace AutoStack.Data.Logs;

/// <summary>Searches the logs of all deployments of a user.</summary>
public interface IDeploymentLogSearch
{
    /// <summary>The maximum number of lines per page.</summary>
    const int MaxPageSize = 1000;

    /// <summary>
    /// Finds the lines of a user's deployments that contain a text as a person sees them, ignoring case; what this means is described at
    /// <see cref="IDeploymentLogRepository.SearchAsync"/>.
    /// </summary>
    /// <remarks>
    /// The deployments are searched one after another, the last queued one first; the lines of a deployment come oldest first. Without the
    /// feature <c>log-search</c> the time is proportional to the size of the lines searched; with the feature an index finds rare texts of
    /// three letters or digits in a row. The results are the same. After <see cref="AutoStackDataOptions.LogSearchTime"/> the call returns
    /// its matches so far, also none: continue from <see cref="LogSearchPage.Next"/> while it is not null. The search reads in short
    /// statements of at most 2,000 lines or 4 MiB, with the feature of at most 100,000 lines, of which they return 1,000.
    /// </remarks>
    /// <param name="ownerId">The user.</param>
    /// <param name="text">The text, 1 to <see cref="IDeploymentLogRepository.MaxSearchLength"/> UTF-16 units long.</param>
    /// <param name="scope">The deployments to search.</param>
    /// <param name="cursor">The place to continue from: <see cref="Cursor.Start"/>, or <see cref="LogSearchPage.Next"/>.</param>
    /// <param name="limit">The maximum number of lines found, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the search.</param>
    /// <returns>The lines found, and how far the search has come.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="text"/> is null, empty or too long, <paramref name="scope"/> is null or its range is not valid,
    /// <paramref name="limit"/> is out of range, or <paramref name="cursor"/> belongs to another kind of list.
    /// </exception>
    Task<LogSearchPage> SearchAsync(
        Guid ownerId, string text, LogSearchScope scope, Cursor cursor, int limit, CancellationToken cancellationToken = default);
}

/// <summary>The deployments whose logs are searched: those that meet every condition that is set.</summary>
public sealed record LogSearchScope
{
    /// <summary>All deployments of the user.</summary>
    public static LogSearchScope All { get; } = new();

    /// <summary>The project; null for any.</summary>
    public Guid? ProjectId { get; init; }

    /// <summary>The range in which a deployment was queued, up to <see cref="TimeRange.MaxLength"/>; null for any time.</summary>
    public TimeRange? Queued { get; init; }
}

/// <summary>A line that contains the text of a search.</summary>
/// <param name="Line">The line as it is stored.</param>
/// <param name="Snippet">The part of the line around the first place with the text.</param>
public sealed record LogMatch(DeploymentLog Line, LogSnippet Snippet);

/// <summary>The result of a search in many logs so far.</summary>
/// <param name="Items">The lines that contain the text.</param>
/// <param name="Next">The place from which the search continues; null when every deployment of the scope is searched.</param>
/// <param name="LinesSearched">The number of lines searched by this call.</param>
/// <param name="DeploymentsSearched">The number of deployments whose lines this call has searched to the end.</param>
/// <param name="BackTo">
/// When the last deployment that this call looked into was queued: everything younger is searched; null when there was none.
/// </param>
public sealed record LogSearchPage(
    IReadOnlyList<LogMatch> Items, Cursor? Next, int LinesSearched, int DeploymentsSearched, DateTimeOffset? BackTo);
