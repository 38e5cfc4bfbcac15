using System.Data;
using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Hands the connections of a data source out: as many at once as the driver's pool has, to the callers in their order. What waits too long
/// or behind too many others is refused, and what holds a connection for long is reported.
/// </summary>
/// <param name="driver">Opens the connections of the driver's pool.</param>
/// <param name="limits">The limits.</param>
/// <param name="telemetry">Measures the use.</param>
/// <param name="followsPrimary">
/// Whether the connections are to the one of several hosts that is the primary: a call that waits for a former primary is sent to the new
/// one.
/// </param>
#pragma warning disable CA1001 // The timer rests while no connection is in use, and goes with its owner.
internal sealed partial class Pool(DriverPool driver, PoolLimits limits, Telemetry telemetry, bool followsPrimary)
#pragma warning restore CA1001
{
    private readonly Lock gate = new();

    // Guarded by gate. The first holder has held its connection for longest.
    private readonly LinkedList<TaskCompletionSource> waiting = [];
    private Call? first;
    private Call? last;
    private int inUse;
    private Timer? timer;
    private bool isTicking;
    private PrimaryWatch? watch;

    /// <summary>Whether calls that wait for a former primary are sent to the new one.</summary>
    public bool FollowsPrimary => followsPrimary;

    /// <summary>Opens a connection for a call.</summary>
    /// <exception cref="DatabaseUnavailableException">No connection was free in time, or too many calls wait for one.</exception>
    public async ValueTask<NpgsqlConnection> OpenAsync(Call call)
    {
        var began = Stopwatch.GetTimestamp();
        if (Enter() is { } place)
        {
            await WaitAsync(call, place).ConfigureAwait(false);
        }

        NpgsqlConnection connection;
        try
        {
            connection = await driver.OpenAsync(call.Token).ConfigureAwait(false);
        }
        catch (NpgsqlException exception) when (SqlErrors.IsFull(exception))
        {
            LeaveFull();
            throw;
        }
        catch
        {
            Leave();
            throw;
        }

        call.Opened(connection, Stopwatch.GetTimestamp() - began);
        Hold(call);
        telemetry.Waited(call);
        return connection;
    }

    /// <summary>Takes the connection of a call back.</summary>
    public ValueTask CloseAsync(NpgsqlConnection connection, Call call)
    {
        var hasPlace = Drop(call);
        telemetry.Used(call);
        if (call.Unprepares)
        {
            call.Unprepares = false;
            return LeaveAsync(UnprepareAsync(connection), hasPlace);
        }

        var closing = connection.DisposeAsync();
        if (closing.IsCompletedSuccessfully)
        {
            Left(hasPlace);
            return closing;
        }

        return LeaveAsync(closing, hasPlace);
    }

    /// <summary>Closes the idle connections: what became of one probably became of the others.</summary>
    public void Clear()
    {
        telemetry.Cleared();
        driver.Clear();
    }

    private LinkedListNode<TaskCompletionSource>? Enter()
    {
        lock (gate)
        {
            Grow();
            if (inUse < size)
            {
                inUse++;
                return null;
            }

            if (waiting.Count < limits.MaxWaiting)
            {
                return waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }
        }

        throw DatabaseUnavailableException.PoolExhausted($"{limits.MaxWaiting} calls wait for a connection already, and {Describe()}");
    }

    private async Task WaitAsync(Call call, LinkedListNode<TaskCompletionSource> place)
    {
        call.WaitsFor = this;
        await place.Value.Task.WaitAsync(limits.Wait, call.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        call.WaitsFor = null;
        lock (gate)
        {
            if (place.Value.Task.IsCompleted)
            {
                return;
            }

            waiting.Remove(place);
        }

        call.Token.ThrowIfCancellationRequested();
        throw DatabaseUnavailableException.PoolExhausted(
            string.Create(CultureInfo.InvariantCulture, $"No connection was free within {limits.Wait.TotalSeconds:0.###} s: {Describe()}"));
    }

    private void Leave()
    {
        lock (gate)
        {
            inUse--;
            Admit();
        }
    }

    // Called with the gate.
    private void Admit()
    {
        while (inUse < size && waiting.First is { } next)
        {
            inUse++;
            waiting.RemoveFirst();
            next.Value.SetResult();
        }
    }

    // The driver has no asynchronous form of it.
    private static async ValueTask UnprepareAsync(NpgsqlConnection connection)
    {
        try
        {
            if (connection.State == ConnectionState.Open)
            {
                await Task.Run(connection.UnprepareAll).ConfigureAwait(false);
            }
        }
        catch (NpgsqlException)
        {
            // The driver has closed the connection.
        }
        finally
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Left(bool hasPlace)
    {
        if (hasPlace)
        {
            Leave();
        }

        driver.Returned();
    }

    private async ValueTask LeaveAsync(ValueTask closing, bool hasPlace)
    {
        try
        {
            await closing.ConfigureAwait(false);
        }
        finally
        {
            Left(hasPlace);
        }
    }
}

/// <summary>The limits of a pool.</summary>
/// <param name="Size">The number of connections at once.</param>
/// <param name="Wait">The time that a call waits for a connection.</param>
/// <param name="MaxWaiting">The number of calls that wait at once.</param>
/// <param name="LongUse">The time after which a connection that is still in use is reported.</param>
internal sealed record PoolLimits(int Size, TimeSpan Wait, int MaxWaiting, TimeSpan LongUse);
