namespace Quickstart;

/// <summary>A Git repository with the sources of a small web site, in place of one at GitHub.</summary>
internal sealed record SampleRepository(string Name)
{
    /// <summary>Where addresses begin that stand for the folder "repositories": a project names a repository on a host.</summary>
    public const string Host = "https://git.example.com/samples/";

    public const string Branch = "main";
    public const string OutputDir = "dist";
    public const string BuildCommand = $"dotnet publish --no-restore --nologo --disable-build-servers -clp:NoSummary --output {OutputDir}";

    // No package and no native host: nothing is downloaded.
    private const string ProjectFile = """
        <Project Sdk="Microsoft.NET.Sdk.Web">
          <PropertyGroup>
            <TargetFramework>net$(BundledNETCoreAppTargetFrameworkVersion)</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <UseAppHost>false</UseAppHost>
            <NuGetAudit>false</NuGetAudit>
          </PropertyGroup>
        </Project>
        """;

    private const string Program = """
        var app = WebApplication.Create(args);
        app.MapGet("/", () => "Hello from AutoStack.");
        app.Run();
        """;

    private const string Settings = """
        {
          "Logging": {
            "LogLevel": { "Microsoft.AspNetCore": "Warning" },
            "Console": { "FormatterName": "simple", "FormatterOptions": { "SingleLine": true } }
          }
        }
        """;

    // Somebody pushed without compiling.
    private static readonly string BrokenProgram = Program.Replace("\");", "\"", StringComparison.Ordinal);

    /// <summary>The address that a project has.</summary>
    public string Address => $"{Host}{Name}.git";

    /// <summary>Makes one repository that builds and one that does not.</summary>
    public static async Task<IReadOnlyList<SampleRepository>> CreateAllAsync(
        Workspace workspace, Shell shell, CancellationToken cancellationToken) =>
    [
        await CreateAsync("site", Program, "Say hello", workspace, shell, cancellationToken),
        await CreateAsync("broken-site", BrokenProgram, "Say hello in a hurry", workspace, shell, cancellationToken),
    ];

    private static async Task<SampleRepository> CreateAsync(
        string name, string program, string message, Workspace workspace, Shell shell, CancellationToken cancellationToken)
    {
        var folder = workspace.Folder("repositories", $"{name}.git");
        await File.WriteAllTextAsync(Path.Combine(folder, "site.csproj"), ProjectFile, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), program, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "appsettings.json"), Settings, cancellationToken);
        await GitAsync("init", "--quiet", $"--initial-branch={Branch}");
        await GitAsync("add", "--all");
        await GitAsync("-c", "user.name=Ada Example", "-c", "user.email=ada@example.org", "commit", "--quiet", $"--message={message}");
        return new SampleRepository(name);

        Task GitAsync(params string[] arguments) => shell.ReadAsync(folder, "git", arguments, cancellationToken);
    }
}
