using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>Rules that the sources themselves keep.</summary>
public sealed class SourceTree
{
    private static string Root => SourceRoot.Path;

    private static IEnumerable<string> Sources =>
        Directory.EnumerateFiles(Path.Combine(Root, "src", "AutoStack.Data"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(Root, file).Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    private static IEnumerable<string> Tables =>
        Directory.EnumerateFiles(Path.Combine(Root, "scripts", "sql"), "*.sql")
            .SelectMany(file => Regex.Matches(File.ReadAllText(file), @"^CREATE TABLE (\w+)", RegexOptions.Multiline).Select(m => m.Groups[1].Value));

    [TestCaseSource(nameof(Tables))]
    public void A_table_is_written_in_the_file_of_its_repository(string table)
    {
        var entity = string.Concat(table.Split('_').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
        var singular = entity == "UserPreferences" ? entity : entity.TrimEnd('s').Replace("Github", "GitHub", StringComparison.Ordinal);
        var allowed = new List<string> { $"{singular}Repository.cs" };
        if (table == "deployments")
        {
            // What its owner does with a deployment, what a worker does, and what sweepers do.
            allowed.AddRange(["DeploymentLifecycle.cs", "DeploymentQueue.cs", "DeploymentMaintenance.cs"]);
        }

        if (table == "deployment_logs")
        {
            // How lines get in, one deployment's or many's.
            allowed.Add("DeploymentLogAppends.cs");
        }

        if (table is "deployments" or "projects")
        {
            allowed.Add($"{singular}EnvironmentRepository.cs");
        }

        if (table == "users")
        {
            // Who somebody is, and what else is known of them.
            allowed.AddRange(["IdentityRepository.cs", "ProviderSignIn.cs"]);
        }

        if (table == "sessions")
        {
            allowed.Add("SessionRotation.cs");
        }

        if (table == "sign_in_attempts")
        {
            allowed.Add("SignInThrottle.cs");
        }

        var writers = Sources
            .Where(file => Regex.IsMatch(File.ReadAllText(file), $@"\b(INSERT INTO|UPDATE|DELETE FROM|COPY) {table}\b"))
            .Select(file => Path.GetFileName(file));

        Assert.That(writers, Is.SubsetOf(allowed));
    }

    // Profiles and GitHub tokens have times that are shown, or that the provider gives.
    [Test]
    public void No_clock_of_a_host_decides_about_accounts()
    {
        var readers = Sources
            .Where(file => Path.GetFileName(Path.GetDirectoryName(file)) == "Accounts" && Regex.IsMatch(File.ReadAllText(file), @"\.Now\(\)|GetUtcNow|UtcNow"))
            .Select(file => Path.GetFileName(file));

        Assert.That(readers, Is.SubsetOf(["GitHubConnectionRepository.cs", "UserPreferencesRepository.cs"]));
    }

    [Test]
    public void Nothing_of_the_process_is_changed()
    {
        var forbidden = new Regex(@"AddTypeHandler|SetTypeMap|RemoveTypeMap|SqlMapper\.Settings|DefaultTypeMap|AppContext\.SetSwitch|QueryUnbufferedAsync|DateTime(Offset)?\.(Utc)?Now");

        Assert.That(Sources.Where(file => forbidden.IsMatch(File.ReadAllText(file))), Is.Empty);
    }

    [Test]
    public void A_file_is_one_thought() => Assert.That(Sources.Where(file => File.ReadLines(file).Count() > 300), Is.Empty);

    [Test]
    public void The_code_of_the_readme_and_of_the_pages_in_docs_compiles()
    {
        var compiled = Normal(File.ReadAllText(Path.Combine(Root, "tests", "AutoStack.Data.Tests", "Conventions", "ReadmeCode.cs")));
        var blocks = Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md").Append(Path.Combine(Root, "README.md"))
            .SelectMany(page => Regex.Matches(File.ReadAllText(page), "```csharp\n(.*?)```", RegexOptions.Singleline))
            .Select(m => Normal(m.Groups[1].Value)).ToList();

        Assert.That(blocks, Has.Count.GreaterThan(3));
        Assert.That(blocks, Is.All.Matches<string>(block => compiled.Contains(block, StringComparison.Ordinal)));

        // Indentation is the only difference allowed.
        static string Normal(string code) => string.Join('\n', code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));
    }

    [Test]
    public void Every_link_of_a_page_leads_somewhere()
    {
        var pages = Directory.EnumerateFiles(Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md"));
        var dead = from page in pages
                   from Match link in Regex.Matches(File.ReadAllText(page), @"\]\((?!https?:|#)([^)#]+)")
                   let target = Path.Combine(Path.GetDirectoryName(page)!, link.Groups[1].Value)
                   where !File.Exists(target) && !Directory.Exists(target)
                   select $"{Path.GetFileName(page)}: {link.Groups[1].Value}";

        Assert.That(dead, Is.Empty);
    }
}
