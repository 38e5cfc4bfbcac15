using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>Reads the results of a batch in the order of its statements.</summary>
internal sealed class ResultSets(NpgsqlDataReader reader, Call call)
{
    private readonly RowReader row = new(reader);
    private bool started;

    /// <summary>
    /// True when the connection of an earlier attempt was lost before its answer: what the batch finds in place may be that attempt's work.
    /// </summary>
    public bool IsRepeated => call.Lost is not null;

    /// <summary>The first row of the next result; null when the result has no row.</summary>
    public async Task<T?> FindAsync<T>(Func<RowReader, T> read)
        where T : class
    {
        await MoveAsync().ConfigureAwait(false);
        var found = await row.NextAsync(call.Token).ConfigureAwait(false) ? read(row) : null;
        call.Rows += found is null ? 0 : 1;
        await DrainAsync().ConfigureAwait(false);
        return found;
    }

    /// <summary>All rows of the next result.</summary>
    public async Task<IReadOnlyList<T>> ListAsync<T>(Func<RowReader, T> read)
    {
        await MoveAsync().ConfigureAwait(false);
        var list = new List<T>();
        while (await row.NextAsync(call.Token).ConfigureAwait(false))
        {
            list.Add(read(row));
        }

        call.Rows += list.Count;
        return list;
    }

    /// <summary>The number of rows in the next results.</summary>
    public async Task<int> CountAsync(int results)
    {
        var count = 0;
        for (var i = 0; i < results; i++)
        {
            await MoveAsync().ConfigureAwait(false);
            while (await row.NextAsync(call.Token).ConfigureAwait(false))
            {
                count++;
            }
        }

        call.Rows += count;
        return count;
    }

    /// <summary>True when the next result has a row.</summary>
    public async Task<bool> AnyAsync()
    {
        await MoveAsync().ConfigureAwait(false);
        var any = await row.NextAsync(call.Token).ConfigureAwait(false);
        await DrainAsync().ConfigureAwait(false);
        return any;
    }

    /// <summary>Skips the next result.</summary>
    public async Task SkipAsync()
    {
        await MoveAsync().ConfigureAwait(false);
        await DrainAsync().ConfigureAwait(false);
    }

    private async Task MoveAsync()
    {
        if (started && !await reader.NextResultAsync(call.Token).ConfigureAwait(false))
        {
            throw new InvalidOperationException("The batch has no further result.");
        }

        started = true;
    }

    // An error of the server after the first row would be lost with the reader.
    private async Task DrainAsync()
    {
        while (await row.NextAsync(call.Token).ConfigureAwait(false))
        {
        }
    }
}
