using Npgsql;

namespace AutoStack.Data;

/// <summary>
/// Runs statements of a service on the connection and in the transaction of a unit of work, for tables of the service beside those of the
/// library. A unit of work alone has it: <c>tx.Get&lt;IOwnStatements&gt;()</c>.
/// </summary>
/// <remarks>
/// <code>
/// await tx.Get&lt;IOwnStatements&gt;().RunAsync((connection, ct) =&gt; connection.ExecuteAsync(
///     new CommandDefinition("INSERT INTO invoices (project_id) VALUES (@Id)", project, cancellationToken: ct)), token);
/// </code>
/// A statement that fails dooms the transaction, as one of the library does, and nothing repeats it but the unit of work. Leave the end of
/// the transaction to the unit of work, and the session as it is: the pool lends the connection to other calls (<c>SET LOCAL</c> ends with
/// the transaction). The statement runs with the rights of the service, also where those of the library run with the rights of a user.
/// </remarks>
public interface IOwnStatements
{
    /// <summary>Runs statements, and hands their result on.</summary>
    /// <typeparam name="TResult">The type of the result.</typeparam>
    /// <param name="statements">
    /// What to do with the connection, which is open and in the transaction; one statement at a time. Its token is cancelled at the time
    /// limit of a call, <see cref="AutoStackDataOptions.OperationTimeout"/>.
    /// </param>
    /// <param name="cancellationToken">Stops the statements; the unit of work then rolls back.</param>
    /// <returns>What <paramref name="statements"/> returned.</returns>
    /// <exception cref="AutoStackDataException">The error that the statement of the library would have.</exception>
    /// <exception cref="InvalidOperationException">The unit of work has ended.</exception>
    Task<TResult> RunAsync<TResult>(
        Func<NpgsqlConnection, CancellationToken, Task<TResult>> statements, CancellationToken cancellationToken = default);

    /// <summary>Runs statements.</summary>
    /// <param name="statements">What to do with the connection, as above.</param>
    /// <param name="cancellationToken">Stops the statements; the unit of work then rolls back.</param>
    /// <returns>A task that ends with the statements.</returns>
    /// <exception cref="AutoStackDataException">The error that the statement of the library would have.</exception>
    /// <exception cref="InvalidOperationException">The unit of work has ended.</exception>
    Task RunAsync(Func<NpgsqlConnection, CancellationToken, Task> statements, CancellationToken cancellationToken = default);
}
