namespace AutoStack.Data.Migrations;

/// <summary>What a repair of the journal may decide.</summary>
public sealed class JournalRepairOptions
{
    /// <summary>
    /// The faults to mend; the others stay. Empty, the default, mends every fault that the database itself decides. <see
    /// cref="JournalFault.Changed"/> and <see cref="JournalFault.Unknown"/> that only a person can decide are mended when they are named
    /// here.
    /// </summary>
    public IReadOnlyCollection<JournalFault> Only { get; init; } = [];

    /// <summary>
    /// The names of missing scripts to run, for example <c>0005_add_deployment_logs_seq_key</c> or <c>billing/0002_add_index</c>: scripts
    /// whose objects are missing, or whose objects cannot show whether they ran. Empty by default.
    /// </summary>
    public IReadOnlyCollection<string> Run { get; init; } = [];

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Only, nameof(Only));
        ArgumentNullException.ThrowIfNull(Run, nameof(Run));
        if (Only.FirstOrDefault(fault => !Enum.IsDefined(fault), JournalFault.Gap) is var unknown && !Enum.IsDefined(unknown))
        {
            throw new ArgumentException($"{unknown} is not a fault of the journal.", nameof(Only));
        }

        if (Run.Any(string.IsNullOrWhiteSpace))
        {
            throw new ArgumentException("The name of a script is empty.", nameof(Run));
        }
    }
}
