using System.Text;
using static BCrypt.Net.BCrypt;

namespace AutoStack.Data.Security;

internal sealed class PasswordHasher : IPasswordHasher
{
    private const int WorkFactor = 12;

    // Of a random password that nobody kept: what there is nothing to compare with is compared with this.
    private const string Decoy = "$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm";

    // Of the process, since the cores are.
    private static readonly SemaphoreSlim Cores = new(Environment.ProcessorCount);

    public Task<PasswordHash> HashAsync(string password, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(password);
        if (!IsUsable(password))
        {
            throw new ArgumentException(
                $"A password has at most {IPasswordHasher.MaxPasswordBytes} bytes in UTF-8 and no U+0000.", nameof(password));
        }

        return OnACoreAsync(() => PasswordHash.From(HashPassword(password, WorkFactor)), cancellationToken);
    }

    public Task<PasswordVerification> VerifyAsync(string? password, PasswordHash? hash, CancellationToken cancellationToken) =>
        OnACoreAsync(() => Check(password, hash?.Reveal()), cancellationToken);

    private static PasswordVerification Check(string? password, string? stored)
    {
        var usable = password is not null && IsUsable(password);
        var comparable = usable && IsBcrypt(stored);
        var equal = Verify(usable ? password : "", comparable ? stored : Decoy);
        return !comparable || !equal ? PasswordVerification.Failed
            : PasswordNeedsRehash(stored, WorkFactor) ? PasswordVerification.SucceededRehashNeeded
            : PasswordVerification.Succeeded;
    }

    private static bool IsUsable(string password) =>
        Encoding.UTF8.GetByteCount(password) <= IPasswordHasher.MaxPasswordBytes && !password.Contains('\0', StringComparison.Ordinal);

    private static bool IsBcrypt(string? stored) => stored is { Length: 60 } && ValidateHash(stored);

    private static bool ValidateHash(string stored)
    {
        try
        {
            _ = InterrogateHash(stored);
            return true;
        }
        catch (BCrypt.Net.HashInformationException)
        {
            return false;
        }
    }

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
}
