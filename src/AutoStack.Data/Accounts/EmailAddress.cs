using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

/// <summary>
/// An e-mail address in the one spelling in which it is stored: the local part in NFC with a to z for A to Z, the domain in lower case as
/// the DNS has it
/// (<c>xn--…</c>), no dot at the end. Other letters of the local part keep their case, since only the receiving server knows whether it
/// matters.
/// </summary>
/// <param name="Canonical">The spelling that is stored.</param>
/// <param name="Spellings">
/// The spellings under which a row of another writer may hold the same mailbox, as it was typed first and <paramref name="Canonical"/>
/// among them, each folded
/// as <c>lower(email COLLATE "C")</c> folds the column.
/// </param>
internal sealed record EmailAddress(string Canonical, string[] Spellings)
{
    private static readonly string[] Ends = ["", "."];

    /// <summary>Reads an address that is to be stored.</summary>
    /// <exception cref="ArgumentException">It is not the address of one mailbox; the message says what is wrong and does not hold the
    /// address.</exception>
    public static async Task<EmailAddress> ParseAsync(Db db, string? text, string name, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text, name);
        var (address, problem) = await ReadAsync(db, text, cancellationToken).ConfigureAwait(false);
        return address ?? throw new ArgumentException($"{name} is not an e-mail address: {problem}.", name);
    }

    /// <summary>Reads an address that is looked for. One that could not be stored finds a row of another writer that holds just
    /// this.</summary>
    /// <exception cref="ArgumentException">It is null or blank.</exception>
    public static async Task<EmailAddress> SoughtAsync(Db db, string? text, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text, "email");
        var (address, _) = await ReadAsync(db, text, cancellationToken).ConfigureAwait(false);
        var typed = EmailSyntax.Fold(Text.Clean(text.Trim()));
        return address ?? new EmailAddress(typed, [typed]);
    }

    // Before and after the normalisation, which makes one letter of a capital I and a dot above it; that letter is i and the dot, as in
    // IDNA.
    private static string Lower(string domain) => domain.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);

    private static async Task<(EmailAddress? Address, string? Problem)> ReadAsync(Db db, string text, CancellationToken cancellationToken)
    {
        var typed = text.Trim(' ');
        if (EmailSyntax.Split(typed, out var local, out var domain) is { } malformed)
        {
            return (null, malformed);
        }

        if (EmailDomain.ToUnicode(domain) is not { } unicode)
        {
            return (null, "its domain is not one");
        }

        string[] locals = [EmailSyntax.Fold(local)];
        string[] domains = [unicode];
        if (!System.Text.Ascii.IsValid(local) || !System.Text.Ascii.IsValid(unicode))
        {
            // By the server, since a process without ICU normalises nothing, and what is stored must not depend on the process.
            var forms = await db.FindAsync(row => new { Nfc = row.Text(), Nfd = row.Text(), Domain = row.Text(), Decomposed = row.Text() }, """
                SELECT pg_catalog.normalize(@local, 'NFC'), pg_catalog.normalize(@local, 'NFD'),
                    pg_catalog.normalize(@domain, 'NFKC'), pg_catalog.normalize(pg_catalog.normalize(@domain, 'NFKC'), 'NFD')
                """, [P.Text(local), P.Text(Lower(unicode), name: "domain")], cancellationToken).ConfigureAwait(false);
            locals = [EmailSyntax.Fold(forms!.Nfc), EmailSyntax.Fold(forms.Nfd)];
            domains = [Lower(forms.Domain), Lower(forms.Decomposed)];
        }

        if (EmailDomain.ToAscii(domains[0], spelledAs: domain) is not { } ascii)
        {
            return (null, "its domain is not one");
        }

        var canonical = $"{locals[0]}@{ascii}";
        if (EmailSyntax.ProblemOfSize(locals[0], canonical) is { } tooLong)
        {
            return (null, tooLong);
        }

        var spellings = from l in locals from d in domains.Append(ascii) from end in Ends select $"{l}@{EmailSyntax.Fold(d)}{end}";
        return (new EmailAddress(canonical, [.. spellings.Prepend(canonical).Prepend(EmailSyntax.Fold(typed)).Distinct(StringComparer.Ordinal)]), null);
    }
}
