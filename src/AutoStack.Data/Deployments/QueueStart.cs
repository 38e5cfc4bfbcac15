namespace AutoStack.Data.Deployments;

/// <summary>
/// Where a claim begins to look: after the place that this process claimed last. While an old snapshot is held open, the index keeps an
/// entry for each deployment that was claimed since; a claim from the beginning would walk over all of them.
/// </summary>
internal sealed class QueueStart
{
    // Once in that time a claim begins at the beginning, where a deployment may lie whose project or user had no room before.
    private const long MillisecondsKept = 1000;

    private volatile Last last = new(0, 0);
    private volatile FarUser far = new(Guid.Empty);

    /// <summary>The place after which to look; 0 for the whole queue.</summary>
    public long After => last is var known && IsFresh(known) ? known.Place : 0;

    /// <summary>The user after whom a walk from project to project begins; that of zeros at first.</summary>
    public Guid User => far.Id;

    /// <summary>Notes a claim by such a walk.</summary>
    public void ClaimedFar(Guid userId) => far = new(userId);

    /// <summary>Notes a claim.</summary>
    public void Claimed(long place) => last = new(place, last is var known && IsFresh(known) ? known.Since : Environment.TickCount64);

    private static bool IsFresh(Last known) => known.Place > 0 && Environment.TickCount64 - known.Since < MillisecondsKept;

    private sealed record FarUser(Guid Id);

    private sealed record Last(long Place, long Since);
}
