using System.Text.Json;
using AutoStack.Data.Cli;

namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>One run of the console in a working directory, with a database only when one is named.</summary>
internal sealed record ConsoleRun(int Code, string Output, string Error)
{
    /// <summary>Standard output, which holds one JSON object and nothing else.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public static async Task<ConsoleRun> StartAsync(
        string[] args, string? directory = null, string? connection = null, string? answer = null, CancellationToken cancellationToken = default)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var input = new StringReader(answer ?? "");
        var host = new CliHost(output, error, input, name => name == "AUTOSTACK_CONNECTION" ? connection : null)
        {
            Directory = directory ?? Path.GetTempPath(),
            InputRedirected = answer is null,
        };
        var code = await AutoStackDb.RunAsync(args, host, cancellationToken);
        return new ConsoleRun(code, output.ToString(), error.ToString());
    }
}
