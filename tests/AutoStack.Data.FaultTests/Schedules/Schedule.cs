namespace AutoStack.Data.FaultTests.Schedules;

/// <summary>Mixes the faults: the same seed gives the same faults after the same pauses.</summary>
internal sealed class Schedule(int seed, IReadOnlyList<Fault> faults)
{
    private readonly Random random = new(seed);

    /// <summary>Makes faults until the time is over; each fault comes once before any comes again.</summary>
    public async Task RunAsync(Laboratory lab, TimeSpan time, CancellationToken cancellationToken)
    {
        var until = lab.Ledger.Now + time;
        while (true)
        {
            var round = faults.Where(fault => fault != ServerFaults.DiskFull || lab.Server.Disk is not null).ToArray();
            random.Shuffle(round);
            foreach (var fault in round)
            {
                await Task.Delay(random.Next(200, 1500), cancellationToken);
                if (lab.Ledger.Now > until)
                {
                    return;
                }

                await lab.MakeAsync(fault, random, cancellationToken);
            }
        }
    }
}
