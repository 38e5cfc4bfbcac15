using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The log of the driver, from a level on. The driver writes the text of each statement at <see cref="LogLevel.Information"/>: beside them
/// nobody finds the lines of the service.
/// </summary>
internal sealed class DriverLog(ILoggerFactory host, LogLevel least) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new Log(host.CreateLogger(categoryName), least);

    public void AddProvider(ILoggerProvider provider) => host.AddProvider(provider);

    // The host's own.
    public void Dispose()
    {
    }

    private sealed class Log(ILogger host, LogLevel least) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => host.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && host.IsEnabled(logLevel);

        void ILogger.Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= least)
            {
                host.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
