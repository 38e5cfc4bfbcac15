using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

/// <summary>
/// An e-mail address in the canonical spelling, which is stored: the local part in NFC with A to Z in lower case, the domain in lower case
/// as in the DNS (<c>xn--…</c>), without a dot at the end. Other letters of the local part keep their case, which only the receiving server
/// may ignore.
/// </summary>
/// <param name="Canonical">The spelling that is stored.</param>
/// <param name="Spellings">
/// The spellings under which another writer may have stored the same mailbox, the typed one and <paramref name="Canonical"/> first, each
/// folded as <c>lower(email COLLATE "C")</c> folds the column.
/// </param>
internal sealed record EmailAddress(string Canonical, string[] Spellings)
{
    private static readonly string[] Ends = ["", "."];

    /// <summary>Parses an address to store.</summary>
    /// <exception cref="ArgumentException">
    /// The text does not name one mailbox; the message says why, and does not contain the address.
    /// </exception>
    public static async Task<EmailAddress> ParseAsync(Db db, string? text, string name, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text, name);
        var (address, problem) = await ReadAsync(db, text, cancellationToken).ConfigureAwait(false);
        return address ?? throw new ArgumentException($"{name} is not an e-mail address: {problem}.", name);
    }

    /// <summary>
    /// Parses an address to look up. A text that is not an address finds a row in which another writer has stored just this text.
    /// </summary>
    /// <exception cref="ArgumentException">The text is null or blank.</exception>
    public static async Task<EmailAddress> SoughtAsync(Db db, string? text, string name, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text, name);
        var (address, _) = await ReadAsync(db, text, cancellationToken).ConfigureAwait(false);
        var typed = AsciiText.Lower(Text.Clean(text.Trim()));
        return address ?? new EmailAddress(typed, [typed]);
    }

    // Called before and after the normalisation, which composes a capital I and a dot above it to one letter. As in IDNA, the lower case of
    // that letter is i and the dot.
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
            return (null, "the domain is not a domain name");
        }

        string[] locals = [AsciiText.Lower(local)];
        string[] domains = [unicode];
        if (!System.Text.Ascii.IsValid(local) || !System.Text.Ascii.IsValid(unicode))
        {
            // The server normalises: a process without ICU does not, and the stored spelling must not depend on the process.
            var forms = await db.FindAsync(
                row => new { Nfc = row.Text(), Nfd = row.Text(), Domain = row.Text(), Decomposed = row.Text() },
                """
                SELECT pg_catalog.normalize(@local, 'NFC'), pg_catalog.normalize(@local, 'NFD'),
                    pg_catalog.normalize(@domain, 'NFKC'), pg_catalog.normalize(pg_catalog.normalize(@domain, 'NFKC'), 'NFD')
                """,
                [P.Text(local), P.Text(Lower(unicode), name: "domain")],
                cancellationToken).ConfigureAwait(false);
            locals = [AsciiText.Lower(forms!.Nfc), AsciiText.Lower(forms.Nfd)];
            domains = [Lower(forms.Domain), Lower(forms.Decomposed)];
        }

        if (EmailDomain.ToAscii(domains[0], spelledAs: domain) is not { } ascii)
        {
            return (null, "the domain is not a domain name");
        }

        var canonical = $"{locals[0]}@{ascii}";
        if (EmailSyntax.ProblemOfSize(locals[0], canonical) is { } tooLong)
        {
            return (null, tooLong);
        }

        var spellings = from l in locals from d in domains.Append(ascii) from end in Ends select $"{l}@{AsciiText.Lower(d)}{end}";
        string[] distinct = [.. spellings.Prepend(canonical).Prepend(AsciiText.Lower(typed)).Distinct(StringComparer.Ordinal)];
        return (new EmailAddress(canonical, distinct), null);
    }
}
