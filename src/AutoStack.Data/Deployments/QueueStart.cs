namespace AutoStack.Data.Deployments;

/// <summary>
/// The place from which a claim searches the queue: that of the last claim of this process. While an old snapshot is open, the index keeps
/// an entry for each deployment claimed since; a claim from the beginning would walk over all of them.
/// </summary>
internal sealed class QueueStart
{
    // A place expires after this time: the next claim then starts at the beginning, where a deployment may wait whose project or user was
    // at its limit before.
    private const long MillisecondsKept = 1000;

    // Each field is replaced as a whole; concurrent claims may overwrite each other's place, and either one is right.
    private volatile Last last = new(0, 0);
    private volatile FarUser far = new(Guid.Empty);

    /// <summary>The place from which to search; 0 for the beginning of the queue.</summary>
    public long After => last is var known && IsFresh(known) ? known.Place : 0;

    /// <summary>The user after whom a walk from project to project starts; the empty id at first.</summary>
    public Guid User => far.Id;

    /// <summary>Records a claim by a walk from project to project.</summary>
    public void ClaimedFar(Guid userId) => far = new(userId);

    /// <summary>Records a claim.</summary>
    public void Claimed(long place) => last = new(place, last is var known && IsFresh(known) ? known.Since : Environment.TickCount64);

    private static bool IsFresh(Last known) => known.Place > 0 && Environment.TickCount64 - known.Since < MillisecondsKept;

    private sealed record FarUser(Guid Id);

    private sealed record Last(long Place, long Since);
}
