namespace AutoStack.Data.Logs;

/// <summary>The result of a search in a log so far.</summary>
/// <param name="Items">The lines that contain the text, oldest first.</param>
/// <param name="SearchedTo">
/// The place after the last line searched, from which the next call continues; later lines are found from there also after a complete
/// search.
/// </param>
/// <param name="IsComplete">
/// True when the search has reached the end of the log; false when it stopped at its limit or at the end of its time.
/// </param>
/// <param name="LinesSearched">The number of lines searched by this call.</param>
public sealed record LogSearchResult(IReadOnlyList<DeploymentLog> Items, Cursor SearchedTo, bool IsComplete, int LinesSearched);
