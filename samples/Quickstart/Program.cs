using System.Runtime.InteropServices;
using System.Text;
using AutoStack.Data;
using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using Npgsql;
using Quickstart;

Console.OutputEncoding = Encoding.UTF8;

// However often it is pressed, Ctrl-C only asks to stop: everything that was started is taken down on the way out.
using var stopping = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

try
{
    var arguments = Arguments.Parse(args);
    if (arguments.Help)
    {
        Console.WriteLine(Arguments.HelpText);
        return 0;
    }

    await Walkthrough.RunAsync(arguments, new Screen(), stopping.Token);
    return 0;
}
catch (Exception) when (stopping.IsCancellationRequested)
{
    Console.Error.WriteLine("Stopped.");
    return 130;
}
catch (QuickstartException exception)
{
    Console.Error.WriteLine(exception.Message);
    return exception.ExitCode;
}
catch (Exception exception) when (exception
    is PostgresUnavailableException or MigrationException or NpgsqlException or AutoStackDataException or TimeoutException)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stopping.Cancel();
}
