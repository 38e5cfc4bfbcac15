namespace Platform.Building;

/// <summary>
/// The program of a deployed site: serves the files of a folder on a port of this machine. It ends with the platform, however that ends:
/// the platform holds the other end of its standard input. A line on its standard output says that the port is its own.
/// </summary>
/// <remarks>
/// Its builder reads no configuration: a file <c>appsettings.json</c> of the site would choose other addresses to listen on.
/// </remarks>
internal static class SiteServer
{
    public const string Command = "serve";

    public static async Task<int> RunAsync(string folder, string port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { WebRootPath = folder, ContentRootPath = folder });
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        await using var app = builder.Build();
        app.UseFileServer();
        try
        {
            await app.StartAsync();
        }
        catch (IOException)
        {
            // Another program has taken the port since the platform looked.
            return 1;
        }

        Console.WriteLine("listening");
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        return 0;
    }
}
