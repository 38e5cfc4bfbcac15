using System.Diagnostics;
using System.Security;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>A script folder with a wrong name, half a pair, a duplicate or a gap fails the build of the package.</summary>
public sealed class ScriptFolderTests
{
    private static readonly (string[] Files, string? Error)[] Folders =
    [
        (["0001_a.sql", "0001_a.down.sql", "0002_b_c.sql", "0002_b_c.down.sql"], null),
        (["0001_a.sql", "0001_a.down.sql", "0003_b.sql", "0003_b.down.sql"], "Version 0002 is missing"),
        (["0002_a.sql", "0002_a.down.sql"], "Version 0001 is missing"),
        (["0001_a.sql", "0001_a.down.sql", "0001_b.sql", "0001_b.down.sql"], "Version 0001 is taken more than once: 0001_a, 0001_b"),
        (["0001_a.sql"], "0001_a.sql: its down script is missing"),
        (["0001_a.sql", "0001_a.down.sql", "0002_b.down.sql"], "0002_b.down.sql: its up script is missing"),
        (["0001_a.sql", "0001_a.down.sql", "2_b.sql"], "2_b.sql: name a script NNNN_verb_object.sql"),
        (["0000_a.sql"], "0000_a.sql: name a script NNNN_verb_object.sql"),
        ([], "There is no script in"),
        (["0001_a.sql", "0001_a.down.sql", "features/x/0001_b.sql", "features/x/0001_b.down.sql"], null),
        (["0001_a.sql", "0001_a.down.sql", "features/x/0002_b.sql", "features/x/0002_b.down.sql"], "Version 0001 is missing"),
    ];

    private string folder = "";

    [SetUp]
    public void CreateFolder() => folder = Directory.CreateTempSubdirectory("autostack-scripts-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public async Task Each_fault_of_a_script_folder_has_its_own_error()
    {
        // One run of MSBuild checks all folders and prints a mark before and after each.
        var calls = Folders.Select((_, index) => $"""
            <Message Text="[{index}" Importance="high" />
            <MSBuild Projects="{SecurityElement.Escape(Path.Combine(Project(), "Scripts.targets"))}" Targets="CheckMigrationScripts"
              Properties="MigrationScripts={SecurityElement.Escape(Fill(index))}" ContinueOnError="true" />
            <Message Text="{index}]" Importance="high" />
            """);
        var project = Path.Combine(folder, "all.proj");
        await File.WriteAllTextAsync(project, $"""<Project><Target Name="All">{string.Concat(calls)}</Target></Project>""");

        var (_, output) = await RunAsync("msbuild", project, "-target:All");

        using (Assert.EnterMultipleScope())
        {
            for (var index = 0; index < Folders.Length; index++)
            {
                var part = output.Split($"[{index}\n")[1].Split($"{index}]\n")[0];
                Assert.That(part, Folders[index].Error is { } error ? Does.Contain($"error : {error}") : Does.Not.Contain("error"));
            }
        }
    }

    [Test]
    public async Task The_package_does_not_build_with_a_faulty_script_folder()
    {
        var (code, output) = await RunAsync("build", Project(), "--no-restore", $"-property:MigrationScripts={Fill(1)}");

        Assert.That(code, Is.Not.Zero);
        Assert.That(output, Does.Contain("error : Version 0002 is missing").And.Not.Contain("CS"));
    }

    private string Fill(int index)
    {
        var scripts = Directory.CreateDirectory(Path.Combine(folder, $"{index}")).FullName;
        foreach (var file in Folders[index].Files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(scripts, file))!);
            File.WriteAllText(Path.Combine(scripts, file), "-- nothing");
        }

        return scripts + "/";
    }

    private static string Project()
    {
        var place = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(place.FullName, "AutoStack.Data.sln")))
        {
            place = place.Parent ?? throw new InvalidOperationException("AutoStack.Data.sln is not above the tests.");
        }

        return Path.Combine(place.FullName, "src", "AutoStack.Data.Migrations");
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] args)
    {
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var start = new ProcessStartInfo(host, [.. args, "-nologo", "-nodeReuse:false", "-tl:off"]) { RedirectStandardOutput = true };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output.ReplaceLineEndings("\n"));
    }
}
