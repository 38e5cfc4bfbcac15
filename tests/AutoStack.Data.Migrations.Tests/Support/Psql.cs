using System.Diagnostics;
using AutoStack.Data.LocalServer;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>psql with a script on standard input, as an operator would run it.</summary>
internal static class Psql
{
    /// <summary>Runs a script; the test is ignored without psql.</summary>
    /// <returns>The exit code (3: the script stopped), and standard error.</returns>
    public static async Task<(int Code, string Error)> RunAsync(string connectionString, string script, CancellationToken cancellationToken)
    {
        var places = SearchPlaces.OfThisMachine();
        var program = places.FindBinDirectories().Select(folder => Path.Combine(folder, "psql")).FirstOrDefault(File.Exists)
            ?? places.FindProgram("psql");
        if (program is null)
        {
            Assert.Ignore("There is no psql on PATH or in the usual folders.");
        }

        var database = new NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo(program!, ["-X", "-q", "-v", "ON_ERROR_STOP=1"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in new[]
        {
            ("PGHOST", database.Host), ("PGPORT", $"{database.Port}"), ("PGDATABASE", database.Database), ("PGUSER", database.Username),
            ("PGPASSWORD", database.Password),
        })
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.StandardInput.WriteAsync(script.AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // psql stopped before it had read the whole script.
        }

        await process.WaitForExitAsync(cancellationToken);
        await output;
        return (process.ExitCode, await error);
    }
}
