using AutoStack.Data;
using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using Npgsql;
using Platform;
using Platform.Building;
using Platform.Operations;

// The program of a deployed site: this one, started once more.
if (args is [SiteServer.Command, var folder, var port])
{
    return await SiteServer.RunAsync(folder, port);
}

try
{
    var arguments = Arguments.Parse(args);
    if (arguments.Help)
    {
        Console.WriteLine(Arguments.HelpText);
        return 0;
    }

    Console.WriteLine("A small deployment platform on AutoStack.Data: sign up, deploy an example or a git repository, and watch.");
    await using var database = await PlatformDatabase.OpenAsync(arguments.ConnectionString);
    await using var app = PlatformApp.Build(database.ConnectionString, arguments);
    if (arguments is { ConnectionString: not null, Resume: false })
    {
        await GivenDatabase.RequireUnusedAsync(app.Services);
    }

    await app.StartAsync();
    Console.WriteLine($"Open      {app.Urls.First()}");
    Console.WriteLine("Stop      Ctrl+C");
    await app.WaitForShutdownAsync();
    return 0;
}
catch (ArgumentsException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 2;
}
catch (Exception exception) when (exception is PostgresUnavailableException or MigrationException or NpgsqlException
    or AutoStackDataException or TimeoutException or IOException)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
