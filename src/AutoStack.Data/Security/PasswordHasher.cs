using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using static BCrypt.Net.BCrypt;

namespace AutoStack.Data.Security;

internal sealed partial class PasswordHasher : IPasswordHasher
{
    private const int WorkFactor = 12;

    // Of a random password that nobody kept, without prefix and work factor: what there is nothing to compare with is compared with this.
    private const string Decoy = "cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm";

    // Of the process, since the cores are.
    private static readonly SemaphoreSlim Cores = new(Environment.ProcessorCount);

    public Task<PasswordHash> HashAsync(string password, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(password);
        if (!IsUsable(password))
        {
            throw new ArgumentException(
                $"A password has at most {IPasswordHasher.MaxPasswordBytes} bytes in UTF-8, no U+0000 and no half of a surrogate pair.", nameof(password));
        }

        return OnACoreAsync(() => PasswordHash.From(HashPassword(password, WorkFactor)), cancellationToken);
    }

    public Task<PasswordVerification> VerifyAsync(string? password, PasswordHash? hash, CancellationToken cancellationToken) =>
        OnACoreAsync(() => Check(password, hash?.Reveal(), (text, stored) => Verify(text, stored)), cancellationToken);

    /// <summary>Compares, with as much work for every wrong password. The work goes by the factors of the hashes that <paramref name="verify"/> is given.</summary>
    internal static PasswordVerification Check(string? password, string? stored, Func<string, string, bool> verify)
    {
        if (password is null || !IsUsable(password) || stored is null || Bcrypt().Match(stored) is not { Success: true } hash)
        {
            Pretend(WorkFactor);
            return PasswordVerification.Failed;
        }

        var factor = int.Parse(hash.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
        if (verify(password, stored))
        {
            return factor < WorkFactor ? PasswordVerification.SucceededRehashNeeded : PasswordVerification.Succeeded;
        }

        // Each factor is twice the work of the one below: together with the stored hash, these are the work of a new one.
        for (; factor < WorkFactor; factor++)
        {
            Pretend(factor);
        }

        return PasswordVerification.Failed;

        void Pretend(int pretended) => verify("", $"$2b${pretended:00}${Decoy}");
    }

    private static bool IsUsable(string password) =>
        Encoding.UTF8.GetByteCount(password) <= IPasswordHasher.MaxPasswordBytes && Internal.Text.Clean(password) == password;

    private static async Task<T> OnACoreAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        await Cores.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(work, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            Cores.Release();
        }
    }

    // Above 14, four times the work of a new hash, a row that somebody has changed would hold a core for minutes, at 31 for days.
    [GeneratedRegex(@"^\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Bcrypt();
}
