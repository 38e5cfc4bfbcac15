namespace AutoStack.Data.Benchmarks.Queues;

/// <summary>
/// A job queue over PostgreSQL with <see cref="Workers"/> workers. A job takes the row of its id through the same two steps in every
/// queue, each in a transaction of its own: the work starts, and the work has succeeded.
/// </summary>
internal interface IJobQueue
{
    /// <summary>The number of workers of every queue.</summary>
    const int Workers = 8;

    /// <summary>The product, and its settings where two sets of them are compared.</summary>
    string Name { get; }

    /// <summary>Creates the tables on the first call, and starts the workers.</summary>
    /// <param name="watch">Records the start of each job.</param>
    Task StartAsync(JobWatch watch);

    /// <summary>Stops the workers after the jobs that they run.</summary>
    Task StopAsync();

    /// <summary>Stores the rows that the product itself does not write at the enqueue. This part is not timed.</summary>
    /// <param name="ids">The jobs that are enqueued next.</param>
    Task PrepareAsync(Guid[] ids);

    /// <summary>Enqueues one job, and returns after the commit.</summary>
    /// <param name="id">The job, and its row.</param>
    Task EnqueueAsync(Guid id);

    /// <summary>Counts in the database.</summary>
    /// <param name="ids">The jobs to count.</param>
    Task<JobCount> CountAsync(Guid[] ids);
}

/// <summary>The jobs of a queue, as the database has them.</summary>
/// <param name="Succeeded">Jobs whose row says that the work has succeeded.</param>
/// <param name="Repeated">Jobs that were started more than once.</param>
/// <param name="Queued">Jobs of the queue, of any id, that are not acknowledged yet.</param>
internal readonly record struct JobCount(int Succeeded, int Repeated, int Queued);
