using System.Globalization;

namespace AutoStack.Data.Monitoring;

/// <summary>Replication slots and standbys.</summary>
internal static class ReplicationRules
{
    private const long Gibibyte = 1L << 30;

    public static IReadOnlyList<DoctorRule> All { get; } =
    [
        new("inactive-slot", InactiveSlots),
        new("lost-slot", facts => (facts.Stats.Replication?.Slots ?? []).Where(slot => slot.WalStatus == "lost").Select(slot =>
            new Finding("lost-slot", Severity.Error, slot.Name, $"The WAL that the replication slot {slot.Name} needs is gone.")
            {
                Cost = "The receiver of the slot cannot continue, and must be rebuilt.",
                Mend = "Drop the slot, and build its standby or subscription again.",
                Statement = Drop(slot),
            })),
        new("slot-behind", facts => (facts.Stats.Replication?.Slots ?? [])
            .Where(slot => slot is { IsActive: true, RetainedBytes: > Gibibyte }).Select(slot =>
                new Finding("slot-behind", Severity.Warning, slot.Name, string.Create(
                    CultureInfo.InvariantCulture,
                    $"The replication slot {slot.Name} is in use and {slot.RetainedBytes / (1 << 20)} MB behind."))
                {
                    Cost = "The server keeps this WAL, and stops when the disk is full.",
                    Mend = "Examine the receiver, and set max_slot_wal_keep_size.",
                    Statement = "ALTER SYSTEM SET max_slot_wal_keep_size = '20GB'",
                })),
        new("replica-lag", Lag),
        new("replica-not-receiving", facts => facts.Stats.Replication is { IsReceiving: false }
            ? [new("replica-not-receiving", Severity.Error, "standby", "This standby receives nothing from its primary.")
            {
                Cost = "Reads on the standby become older, and a failover to it loses every change since.",
                Mend = "Read the reason in the log of the standby: the network, the password, or WAL that the primary has removed.",
            }
            ] : []),
        new("synchronous-standby-missing", Synchronous),
    ];

    private static IEnumerable<Finding> InactiveSlots(DoctorFacts facts) =>
        from slot in facts.Stats.Replication?.Slots ?? []
        where slot is { IsActive: false, RetainedBytes: not null } && slot.WalStatus != "lost"
        select new Finding(
            "inactive-slot", slot.RetainedBytes > Gibibyte ? Severity.Error : Severity.Warning, slot.Name, string.Create(
                CultureInfo.InvariantCulture,
                $"The replication slot {slot.Name} has no receiver, and keeps {slot.RetainedBytes / (1 << 20)} MB of WAL."))
        {
            Cost = "WAL grows until the disk is full, and the server stops.",
            Mend = "Start the receiver, or drop the slot.",
            Statement = Drop(slot),
        };

    private static IEnumerable<Finding> Lag(DoctorFacts facts)
    {
        var limit = facts.Options.ReplicaLag.TotalSeconds;
        var lags = (facts.Stats.Replication?.Standbys ?? []).Select(s => (Who: $"The standby {s.Application}", Seconds: s.LagSeconds))
            .Append((Who: "This standby", Seconds: facts.Stats.Replication?.OwnLagSeconds));
        return lags.Where(lag => lag.Seconds >= limit).Select(lag => new Finding("replica-lag", Severity.Warning, "standby", string.Create(
            CultureInfo.InvariantCulture, $"{lag.Who} applies {lag.Seconds:0.0} s late."))
        {
            Cost = "Reads on the standby return rows of that age; a failover to it takes longer, and loses changes not yet received.",
            Mend = "Look for long queries on it (max_standby_streaming_delay), its disk, and the network.",
        });
    }

    private static IEnumerable<Finding> Synchronous(DoctorFacts facts)
    {
        var names = facts.Value("synchronous_standby_names");
        if (names.Length > 0 && !facts.Stats.Server.IsStandby && facts.SynchronousStandbys == 0)
        {
            yield return new Finding("synchronous-standby-missing", Severity.Error, "synchronous_standby_names",
                $"Commits wait for a standby of synchronous_standby_names ({names}), and none is connected.")
            {
                Cost = "Every write of the services waits.",
                Mend = "Start the standby. Without one, reset the setting and reload: commits then continue, and a failover may lose some.",
                Statement = "ALTER SYSTEM SET synchronous_standby_names = ''",
            };
        }
    }

    private static string Drop(SlotStats slot) =>
        DoctorRules.Call("pg_drop_replication_slot", $"'{slot.Name.Replace("'", "''", StringComparison.Ordinal)}'");
}
