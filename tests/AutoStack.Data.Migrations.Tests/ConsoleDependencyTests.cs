using System.Text.Json;
using AutoStack.Data.Cli;

namespace AutoStack.Data.Migrations.Tests;

public sealed class ConsoleDependencyTests
{
    [Test]
    public void The_console_carries_no_Docker_or_SSH_library()
    {
        var file = Path.ChangeExtension(typeof(AutoStackDb).Assembly.Location, ".deps.json");
        using var dependencies = JsonDocument.Parse(File.ReadAllText(file));

        var names = dependencies.RootElement.GetProperty("libraries").EnumerateObject()
            .Select(library => library.Name.Split('/')[0]).ToList();

        Assert.That(names, Does.Contain("Npgsql").And.Contain("AutoStack.Data.LocalServer"));
        Assert.That(names, Has.None.Matches<string>(name =>
            name.Contains("Testcontainers", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("Docker", StringComparison.OrdinalIgnoreCase)
            || name.Contains("SSH", StringComparison.OrdinalIgnoreCase)
            || name == "AutoStack.Data.Testing"));
    }
}
