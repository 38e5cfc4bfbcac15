using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using static BCrypt.Net.BCrypt;

namespace AutoStack.Data.Accounts;

internal sealed partial class PasswordHasher : IPasswordHasher, IDisposable
{
    // The hash of a random password that was not kept, without prefix and work factor. Without a usable stored hash, a password is compared
    // with this one.
    private const string Decoy = "cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm";

    private readonly int workFactor;
    private readonly ILogger? logger;
    private readonly SemaphoreSlim cores;

    // The maximum number of calls that hash or wait, and how many there are: read and written by Interlocked only.
    private readonly int places;
    private int taken;

    public PasswordHasher(IOptions<PasswordHasherOptions> options, ILoggerFactory? loggerFactory = null)
    {
        var settings = options.Value;
        workFactor = settings.TestWorkFactor ?? settings.WorkFactor;
        logger = loggerFactory?.CreateLogger(AutoStackDataTelemetry.LogCategory);
        cores = new SemaphoreSlim(settings.MaxConcurrency);
        places = settings.MaxConcurrency + (settings.MaxWaiting ?? (16 * settings.MaxConcurrency));
    }

    public Task<PasswordHash> HashAsync(string password, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(password);
        if (!IsUsable(password))
        {
            throw new ArgumentException(
                $"A password has at most {IPasswordHasher.MaxPasswordBytes} bytes in UTF-8, no U+0000 and no lone surrogate.",
                nameof(password));
        }

        return OnCoreAsync(() => PasswordHash.From(HashPassword(password, workFactor)), cancellationToken);
    }

    public Task<VerificationOutcome> VerifyAsync(string? password, PasswordHash? hash, CancellationToken cancellationToken)
    {
        if (logger is not null && hash is not null && Factor(hash.Reveal()) is { } factor && factor > workFactor)
        {
            LogTooStrong(logger, factor, workFactor);
        }

        return OnCoreAsync(() => Check(password, hash?.Reveal(), workFactor, (text, stored) => Verify(text, stored)), cancellationToken);
    }

    /// <summary>
    /// Verifies a password with the work of one hash of <paramref name="workFactor"/>, whatever is stored and whatever the answer is. The
    /// work follows from the factors of the hashes that <paramref name="verify"/> receives.
    /// </summary>
    internal static VerificationOutcome Check(string? password, string? stored, int workFactor, Func<string, string, bool> verify)
    {
        // A stronger hash would take more time than that. It matches no password: otherwise the time would tell accounts apart, and a
        // changed row could hold a core for days.
        if (password is null || !IsUsable(password) || stored is null || Factor(stored) is not { } factor || factor > workFactor)
        {
            Pretend(workFactor);
            return VerificationOutcome.Failed;
        }

        var isWeaker = factor < workFactor;
        var isPassword = verify(password, stored);

        // Each factor is twice the work of the one below: together with the stored hash, these hashes are the work of a new one.
        for (; factor < workFactor; factor++)
        {
            Pretend(factor);
        }

        return !isPassword ? VerificationOutcome.Failed
            : isWeaker ? VerificationOutcome.SucceededRehashNeeded
            : VerificationOutcome.Succeeded;

        void Pretend(int pretended) => verify("", $"$2b${pretended:00}${Decoy}");
    }

    public void Dispose() => cores.Dispose();

    private static int? Factor(string stored) => Bcrypt().Match(stored) is { Success: true } hash
        ? int.Parse(hash.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture)
        : null;

    private static bool IsUsable(string password) =>
        Encoding.UTF8.GetByteCount(password) <= IPasswordHasher.MaxPasswordBytes && Values.Text.Clean(password) == password;

    /// <summary>
    /// Runs work on one of the cores that may hash, after at most <see cref="PasswordHasherOptions.MaxWaiting"/> other calls.
    /// </summary>
    /// <exception cref="PasswordHasherBusyException">The queue is full.</exception>
    internal async Task<T> OnCoreAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref taken) > places)
        {
            Interlocked.Decrement(ref taken);
            throw new PasswordHasherBusyException();
        }

        try
        {
            await cores.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return await Task.Run(work, CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                cores.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref taken);
        }
    }

    [LoggerMessage(41, LogLevel.Warning,
        "A stored password hash has work factor {Stored} and matches no password, because PasswordHasherOptions.WorkFactor is "
            + "{WorkFactor}.")]
    private static partial void LogTooStrong(ILogger logger, int stored, int workFactor);

    [GeneratedRegex(@"^\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Bcrypt();
}
