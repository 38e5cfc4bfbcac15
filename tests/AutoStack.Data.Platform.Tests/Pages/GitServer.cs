using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Platform.Tests.Pages;

/// <summary>A repository with one commit on the branch <c>trunk</c>, served by Git's own protocol over HTTP on this machine.</summary>
internal sealed class GitServer : IAsyncDisposable
{
    public const string Author = "Grace Hopper";
    public const string Message = "Add the page";
    private const string Service = "git-upload-pack";

    private readonly DirectoryInfo folder;
    private readonly WebApplication app;

    private GitServer(DirectoryInfo folder, WebApplication app, string commit) => (this.folder, this.app, Commit) = (folder, app, commit);

    /// <summary>The id of the commit.</summary>
    public string Commit { get; }

    /// <summary>The address to clone from.</summary>
    public string Address => $"{app.Urls.Single()}/site.git";

    private string Folder => Path.Combine(folder.FullName, "site.git");

    /// <summary>Creates the repository with files, given by their names and texts, and serves it.</summary>
    public static async Task<GitServer> StartAsync(params (string Name, string Text)[] files)
    {
        var folder = Directory.CreateTempSubdirectory("autostack-git-");
        var sources = folder.CreateSubdirectory("sources").FullName;
        foreach (var (name, text) in files)
        {
            await File.WriteAllTextAsync(Path.Combine(sources, name), text);
        }

        await GitAsync(sources, "init", "--quiet", "--initial-branch=trunk");
        await GitAsync(sources, "add", ".");
        await GitAsync(sources, "-c", $"user.name={Author}", "-c", "user.email=grace@example.com", "commit", "--quiet", "-m", Message);
        await GitAsync(folder.FullName, "clone", "--quiet", "--bare", sources, "site.git");
        var commit = (await GitAsync(sources, "rev-parse", "HEAD")).Trim();

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var server = new GitServer(folder, builder.Build(), commit);
        server.app.MapGet("/site.git/info/refs", server.AdvertiseAsync);
        server.app.MapPost($"/site.git/{Service}", server.SendAsync);
        await server.app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        folder.Delete(recursive: true);
    }

    // The length of a line, in four hexadecimal digits, is its beginning; 0000 ends a group of lines.
    private Task AdvertiseAsync(HttpContext context)
    {
        var line = $"# service={Service}\n";
        context.Response.ContentType = $"application/x-{Service}-advertisement";
        return AnswerAsync(context, $"{line.Length + 4:x4}{line}0000", "--advertise-refs");
    }

    private Task SendAsync(HttpContext context)
    {
        context.Response.ContentType = $"application/x-{Service}-result";
        return AnswerAsync(context, "", "--stateless-rpc");
    }

    private async Task AnswerAsync(HttpContext context, string first, string option)
    {
        using var git = Start(folder.FullName, "upload-pack", "--stateless-rpc", option, Folder);
        await context.Request.Body.CopyToAsync(git.StandardInput.BaseStream, context.RequestAborted);
        git.StandardInput.Close();
        await context.Response.WriteAsync(first, context.RequestAborted);
        await git.StandardOutput.BaseStream.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static async Task<string> GitAsync(string folder, params string[] arguments)
    {
        using var git = Start(folder, arguments);
        git.StandardInput.Close();
        var output = await git.StandardOutput.ReadToEndAsync();
        await git.WaitForExitAsync();
        Assert.That(git.ExitCode, Is.Zero, string.Join(' ', arguments));
        return output;
    }

    private static Process Start(string folder, params string[] arguments) => Process.Start(new ProcessStartInfo("git", arguments)
    {
        WorkingDirectory = folder,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;
}
