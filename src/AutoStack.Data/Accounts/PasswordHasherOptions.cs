using Microsoft.Extensions.Options;

namespace AutoStack.Data.Accounts;

/// <summary>
/// Settings of <see cref="IPasswordHasher"/>. The hasher belongs to the process and not to a database:
/// <c>services.Configure&lt;PasswordHasherOptions&gt;(…)</c>.
/// </summary>
public sealed class PasswordHasherOptions
{
    /// <summary>
    /// The maximum number of concurrent hashes; 1 to 1024. Default the number of cores minus one, at least 1: the rest of the process keeps
    /// a core.
    /// </summary>
    public int MaxConcurrency { get; set; } = Math.Max(1, Environment.ProcessorCount - 1);

    /// <summary>
    /// The maximum number of calls that wait for a core; a further call fails with <see cref="PasswordHasherBusyException"/>. 0 to 100,000.
    /// Null, the default: 16 for each of <see cref="MaxConcurrency"/>, so that a call waits for at most 16 others on its core.
    /// </summary>
    public int? MaxWaiting { get; set; }

    /// <summary>
    /// The bcrypt work factor of new hashes; each step doubles the work. 10 to 14. Default 12. A verification takes as long as a hash of
    /// this work factor, whatever is stored; a stored hash with a higher factor matches no password. Set it to the highest factor in the
    /// table.
    /// </summary>
    public int WorkFactor { get; set; } = 12;

    /// <summary>
    /// A work factor below the range of <see cref="WorkFactor"/>, 4 or more, for tests that do not test bcrypt; null uses
    /// <see cref="WorkFactor"/>.
    /// </summary>
    internal int? TestWorkFactor { get; set; }

    internal sealed class Validator : IValidateOptions<PasswordHasherOptions>
    {
        public ValidateOptionsResult Validate(string? name, PasswordHasherOptions options)
        {
            var wrong = options.MaxConcurrency is < 1 or > 1024 ? $"MaxConcurrency is {options.MaxConcurrency}; it is 1 to 1024"
                : options.MaxWaiting is < 0 or > 100_000 ? $"MaxWaiting is {options.MaxWaiting}; it is 0 to 100,000, or null"
                : options.WorkFactor is < 10 or > 14 ? $"WorkFactor is {options.WorkFactor}; it is 10 to 14"
                : null;
            return wrong is null ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail($"PasswordHasherOptions.{wrong}.");
        }
    }
}
