namespace AutoStack.Data.Postgres;

/// <param name="create">Creates a repository over an executor.</param>
/// <param name="executor">Creates the executor for the interface and the token.</param>
/// <param name="token">What the reads must see.</param>
internal sealed class StandbyReads(Func<Type, Executor, object> create, Func<Type, ReadToken, Executor> executor, ReadToken token = default)
    : IStandbyReads
{
    public TRepository Get<TRepository>()
        where TRepository : class => (TRepository)create(typeof(TRepository), executor(typeof(TRepository), token));

    public IStandbyReads AtLeast(ReadToken token) => new StandbyReads(create, executor, token);
}
