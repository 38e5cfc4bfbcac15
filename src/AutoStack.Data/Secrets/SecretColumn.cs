using System.Diagnostics.CodeAnalysis;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Secrets;

/// <summary>
/// A column of encrypted values: how the rotation of keys counts, reads and replaces its values. Each statement reads a window of rows, in
/// the order of their ids, so that its cost is bounded whatever the number of rows without a value.
/// </summary>
/// <remarks>Each column writes out its statements: a statement is a constant, and C# has no constant functions.</remarks>
/// <param name="name">The table and the column; every value is bound to this name.</param>
/// <param name="window">
/// Selects the last of the <c>@limit</c> ids that follow the id <c>@after</c>, NULL before the first; no row after the last id.
/// </param>
/// <param name="forms">
/// Counts the values of the rows after <c>@after</c>, up to <c>@upTo</c>, by <see cref="StoredForm.Header"/> and by whether they have a
/// version.
/// </param>
/// <param name="stale"> Selects id, value, version and the columns of the place, and the number of rows found. Finds at most <c>@limit</c>
/// rows after the id <c>@after</c>, up to <c>@upTo</c>, ordered by id, whose value does not start with <c>@prefix</c> or has no version,
/// and returns the first of them, with at most 4 MiB of values before the last one.
/// </param>
/// <param name="place">Reads the columns of the place, given the row's id.</param>
/// <param name="replace"> Stores <c>@renewed</c> and <c>@version</c> in the row <c>@id</c>, if the row still holds <c>@old</c> and
/// <c>@oldVersion</c>, or the new ones from an attempt whose answer was lost.
/// </param>
/// <param name="sample">
/// Selects id, value, version and the columns of the place: at most <c>@limit</c> values among the first <c>@window</c> rows, and as many
/// among the last. Null for a column that is not sampled.
/// </param>
internal sealed class SecretColumn(
    string name,
    [ConstantExpected] string window,
    [ConstantExpected] string forms,
    [ConstantExpected] string stale,
    Func<RowReader, Guid, SecretPlace> place,
    [ConstantExpected] string replace,
    [ConstantExpected] string? sample = null)
{
    public string Name => name;

#pragma warning disable CA1857 // All texts are constants: the constructor requires it.
    /// <summary>Selects the end of the next window of rows.</summary>
    public Statement Window(Guid? after, int limit) => new(window, P.Of(after), P.Of(limit));

    /// <summary>Counts the values of a window by their form.</summary>
    public Statement Forms(Guid? after, Guid upTo) => new(forms, P.Of(after), P.Of(upTo));

    /// <summary>Selects a page of the rows to re-encrypt.</summary>
    public Statement Stale(string prefix, Guid? after, Guid upTo, int limit) =>
        new(stale, P.Of(after), P.Of(upTo), P.Text(prefix), P.Of(limit));

    /// <summary>Selects values from both ends of the table, at a cost that its size does not change.</summary>
    public Statement Sample(int window, int limit) => new(sample!, P.Of(window), P.Of(limit));

    /// <summary>Replaces a value, unless another writer has changed the row since.</summary>
    public Statement Replace(Guid id, StoredSecret old, StoredSecret renewed) => new(
        replace,
        P.Of(id),
        P.Text(old.Value!, name: "old"),
        P.Of(old.Version, "oldVersion"),
        P.Text(renewed.Value!, name: "renewed"),
        P.Of(renewed.Version));
#pragma warning restore CA1857

    /// <summary>Reads a row of <see cref="Stale"/>.</summary>
    public StaleSecret ReadStale(RowReader row) => Read(row) with { Found = row.Long() };

    /// <summary>Reads id, value, version and the columns of the place.</summary>
    public StaleSecret Read(RowReader row)
    {
        var id = row.Guid();
        var stored = StoredSecret.Read(row);
        return new StaleSecret(id, stored, place(row, id), Found: 1);
    }
}

/// <summary>A row whose value is to be re-encrypted.</summary>
/// <param name="Id">The id.</param>
/// <param name="Stored">The value.</param>
/// <param name="Place">The place of the value.</param>
/// <param name="Found">The number of rows that the statement has found; it may have returned fewer.</param>
internal sealed record StaleSecret(Guid Id, StoredSecret Stored, SecretPlace Place, long Found);
