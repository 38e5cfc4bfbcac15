namespace AutoStack.Data.Deployments;

/// <summary>
/// The place from which a claim searches the queue: that of the last claim of this process. While an old snapshot is open, the index keeps
/// an entry for each deployment claimed since; a claim from the beginning would walk over all of them.
/// </summary>
internal sealed class QueueStart(TimeProvider clock)
{
    // Claims from the beginning take at most a hundredth of the time of one worker, until one takes a hundredth of the longest pause.
    private const int PausesPerWalk = 100;

    /// <summary>
    /// The time after which a claim searches from the beginning again, where a deployment may wait whose project or user was at its limit
    /// before.
    /// </summary>
    internal static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);

    /// <summary>The longest such time, when the walk from the beginning is long.</summary>
    internal static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    // Each field is replaced as a whole. Concurrent claims may overwrite each other's place, and either one is right.
    private volatile Last last = new(0, 0, TimeSpan.Zero);
    private volatile Duration? usual;
    private volatile FarUser far = new(Guid.Empty);

    /// <summary>The user after whom a walk from project to project starts; the empty id at first.</summary>
    public Guid User => far.Id;

    /// <summary>
    /// Begins a claim. After the pause one claim searches from the beginning of the queue. The others search from the last place, and the
    /// whole queue when nothing waits after that place.
    /// </summary>
    public Search Begin()
    {
        var (known, present) = (last, clock.GetTimestamp());
        var isFromBeginning = known.Place == 0
            || (clock.GetElapsedTime(known.Walked, present) >= known.Pause
                && Interlocked.CompareExchange(ref last, known with { Walked = present }, known) == known);
        return new(isFromBeginning ? 0 : known.Place, present);
    }

    /// <summary>Records a claim by a walk from project to project.</summary>
    public void ClaimedFar(Guid userId) => far = new(userId);

    /// <summary>Records a claim, which found a deployment at the place.</summary>
    public void Claimed(Search search, long place)
    {
        var took = clock.GetElapsedTime(search.Begun);
        if (search.After == 0)
        {
            var pause = usual is { } other ? (took - other.Time) * PausesPerWalk : ShortestPause;
            last = new(place, search.Begun, pause < ShortestPause ? ShortestPause : pause > LongestPause ? LongestPause : pause);
        }
        else
        {
            usual = new(took);
            last = last with { Place = place };
        }
    }

    /// <summary>A claim that has begun.</summary>
    /// <param name="After">The place from which it searches; 0 for the beginning of the queue.</param>
    /// <param name="Begun">The timestamp at which it began.</param>
    internal readonly record struct Search(long After, long Begun);

    private sealed record FarUser(Guid Id);

    private sealed record Duration(TimeSpan Time);

    // Walked: the timestamp at which a claim began at the beginning of the queue. Pause: the time after it.
    private sealed record Last(long Place, long Walked, TimeSpan Pause);
}
