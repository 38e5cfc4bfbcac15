namespace AutoStack.Data.Monitoring;

/// <summary>Something that a look could not read; its numbers are missing, never guessed.</summary>
/// <param name="Part">The part that it belongs to.</param>
/// <param name="What">What is missing, in a few words.</param>
/// <param name="Why">The missing right, extension or time, in one sentence.</param>
public sealed record NotVisible(StatsParts Part, string What, string Why);
