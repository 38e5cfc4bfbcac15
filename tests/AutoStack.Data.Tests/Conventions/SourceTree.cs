using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>Rules for the text of the sources and of the documentation.</summary>
public sealed class SourceTree
{
    private static string Root => SourceRoot.Path;

    private static IEnumerable<string> Sources => SourcesOf(Path.Combine("src", "AutoStack.Data"));

    private static IEnumerable<string> AllSources => new[] { "src", "tests", "benchmarks", "samples" }.SelectMany(SourcesOf);

    private static IEnumerable<string> Tables =>
        Directory.EnumerateFiles(Path.Combine(Root, "scripts", "sql"), "*.sql")
            .SelectMany(file => Regex.Matches(File.ReadAllText(file), @"^CREATE TABLE (\w+)", RegexOptions.Multiline))
            .Select(match => match.Groups[1].Value);

    [TestCaseSource(nameof(Tables))]
    public void Only_the_repository_of_a_table_writes_to_it(string table)
    {
        var entity = string.Concat(table.Split('_').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
        var singular = entity == "UserPreferences" ? entity : entity.TrimEnd('s').Replace("Github", "GitHub", StringComparison.Ordinal);
        var allowed = new List<string> { $"{singular}Repository.cs" };
        if (table == "deployments")
        {
            // The repository serves owners; the others serve workers and maintenance.
            allowed.AddRange([
                "DeploymentLifecycle.cs", "DeploymentQueue.cs", "DeploymentMaintenance.cs", "DeploymentLeases.cs", "ExpiredLeases.cs",
                "ChosenDeployments.cs", "AccountDeployments.cs", "ScheduledDeployments.cs",
            ]);
        }

        if (table == "deployment_leases")
        {
            // Leases are part of the statements on deployments.
            allowed.AddRange(["DeploymentLeases.cs", "ExpiredLeases.cs"]);
        }

        if (table == "live_deployments")
        {
            // A part of the statement on a deployment.
            allowed.Add("LiveDeployments.cs");
        }

        if (table == "deployment_logs")
        {
            // Inserts lines of one or of many deployments.
            allowed.Add("DeploymentLogAppends.cs");
        }

        if (table is "deployments" or "projects")
        {
            allowed.Add($"{singular}EnvironmentRepository.cs");
        }

        if (table == "projects")
        {
            // What the platform writes to the projects of every user.
            allowed.Add("ProjectRepository.Platform.cs");
        }

        if (table == "users")
        {
            // The identity of a user, and the end of the account, are written apart from the profile.
            allowed.AddRange([
                "IdentityRepository.cs", "ProviderSignIn.cs", "AccountClosing.cs", "EmailVerificationTokenRepository.cs",
            ]);
        }

        if (table == "user_identities")
        {
            // The table has no interface of its own: its rows are a part of the identity.
            allowed.Add("UserIdentities.cs");
        }

        if (table == "sessions")
        {
            allowed.AddRange(["SessionRotation.cs", "SessionRepository.ClearTokens.cs"]);
        }

        if (table == "sign_in_attempts")
        {
            allowed.Add("SignInThrottle.cs");
        }

        if (table == "upkeep_leases")
        {
            // The table has no interface of its own.
            allowed.Add("UpkeepLeases.cs");
        }

        var writers = Sources
            .Where(file => Regex.IsMatch(File.ReadAllText(file), $@"\b(INSERT INTO|UPDATE|DELETE FROM|COPY) {table}\b"))
            .Select(ClassOf).Distinct();

        Assert.That(writers, Is.SubsetOf(allowed.Select(ClassOf)));

        // DeploymentRepository.Queueing.cs is a part of DeploymentRepository.cs.
        static string ClassOf(string file) => Path.GetFileName(file).Split('.')[0];
    }

    // Times of preferences are only shown, and times of GitHub tokens come from the provider: both may use the clock of the host.
    [Test]
    public void Accounts_use_the_clock_of_the_database()
    {
        var readers = Sources
            .Where(file => Path.GetFileName(Path.GetDirectoryName(file)) == "Accounts"
                && Regex.IsMatch(File.ReadAllText(file), @"\.Now\(\)|GetUtcNow|UtcNow"))
            .Select(file => Path.GetFileName(file));

        Assert.That(readers, Is.SubsetOf(["GitHubConnectionRepository.cs", "UserPreferencesRepository.cs"]));
    }

    [Test]
    public void The_library_changes_no_process_wide_setting()
    {
        var forbidden = new Regex(
            @"AddTypeHandler|SetTypeMap|RemoveTypeMap|SqlMapper\.Settings|DefaultTypeMap|AppContext\.SetSwitch|QueryUnbufferedAsync"
            + @"|DateTime(Offset)?\.(Utc)?Now");

        Assert.That(Sources.Where(file => forbidden.IsMatch(File.ReadAllText(file))), Is.Empty);
    }

    [Test]
    public void Files_have_at_most_300_lines() => Assert.That(
        Sources.Where(file => File.ReadLines(file).Count() > 300), Is.Empty, "Split these files by subject.");

    [Test]
    public void Lines_have_at_most_140_characters()
    {
        var files = AllSources.ToList();
        var offenders = (from file in files
                         from line in File.ReadLines(file).Index()
                         where line.Item.Length > 140
                         select $"{Path.GetRelativePath(Root, file)}:{line.Index + 1}: {line.Item.Length} characters").ToList();

        Assert.That(files, Has.Count.GreaterThan(400));
        Assert.That(offenders, Is.Empty, $"Wrap these lines after at most 140 characters:\n{string.Join('\n', offenders)}");
    }

    // Namespaces of System first, then by name; aliases and static imports stand after them.
    [Test]
    public void Imports_are_in_order()
    {
        var offenders = from file in AllSources
                        let imports = File.ReadLines(file).Select(line => Regex.Match(line, @"^using ([\w.]+);$"))
                            .Where(match => match.Success).Select(match => match.Groups[1].Value).ToList()
                        let ordered = imports.OrderBy(name => name != "System" && !name.StartsWith("System.", StringComparison.Ordinal))
                            .ThenBy(name => name, StringComparer.OrdinalIgnoreCase)
                        where !imports.SequenceEqual(ordered)
                        select Path.GetRelativePath(Root, file);

        Assert.That(offenders, Is.Empty, "Order the imports: dotnet format style --diagnostics IDE0005.");
    }

    [Test]
    public void Code_blocks_of_the_readme_and_docs_compile()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Root, "samples", "FirstService"), "*.cs")
            .Concat(Directory.EnumerateFiles(Path.Combine(Root, "tests", "AutoStack.Data.Tests", "Conventions"), "ReadmeCode*.cs"))
            .Append(Path.Combine(Root, "tests", "AutoStack.Data.Benchmarks.Tests", "ShopContext.cs"))
            .Append(Path.Combine(Root, "tests", "AutoStack.Data.Benchmarks.Tests", "EntityFrameworkTests.cs"))
            .Append(Path.Combine(Root, "tests", "AutoStack.Data.Tests", "Samples", "BucketArchiveStore.cs"))
            .Append(Path.Combine(Root, "tests", "AutoStack.Data.Tests", "Samples", "Fakes.cs"))
            .Append(Path.Combine(Root, "tests", "AutoStack.Data.Platform.Tests", "Service", "JsonService.cs"))
            .Append(Path.Combine(Root, "tests", "AutoStack.Data.Platform.Tests", "Service", "AspNetService.cs"))
            .Concat(SourcesOf(Path.Combine("samples", "Platform")))
            .Concat(PackageReadmes); // .ci/consumers builds their programs.
        var compiled = Normal(string.Join('\n', sources.Select(File.ReadAllText)));
        // The tests of the analyzers compile theirs, faults included.
        var blocks = Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md").Append(Path.Combine(Root, "README.md"))
            .Where(page => Path.GetFileName(page) != "analyzers.md")
            .SelectMany(page => Regex.Matches(File.ReadAllText(page), "```csharp\n(.*?)```", RegexOptions.Singleline))
            .Select(m => Normal(m.Groups[1].Value)).Where(block => !PageNamespaces.IsOfUsings(block)).ToList();

        Assert.That(blocks, Has.Count.GreaterThan(3));
        Assert.That(
            blocks.Where(block => !compiled.Contains(block, StringComparison.Ordinal)),
            Is.Empty,
            "Copy these code blocks of README.md or docs into Conventions/ReadmeCode.cs or samples/FirstService, or the code back.");

        // Only the indentation may differ.
        static string Normal(string code) => string.Join('\n', code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));
    }

    [Test]
    public void Links_between_pages_lead_to_existing_files()
    {
        var pages = Directory.EnumerateFiles(Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md"));
        var dead = from page in pages
                   from Match link in Regex.Matches(File.ReadAllText(page), @"\]\((?!https?:|#)([^)#]+)")
                   let target = Path.Combine(Path.GetDirectoryName(page)!, link.Groups[1].Value)
                   where !File.Exists(target) && !Directory.Exists(target)
                   select $"{Path.GetFileName(page)}: {link.Groups[1].Value}";

        Assert.That(dead, Is.Empty, "These links lead to no file; correct the path or remove the link.");
    }

    [Test]
    public void The_index_of_the_documentation_names_every_page()
    {
        var docs = Path.Combine(Root, "docs");
        var index = File.ReadAllText(Path.Combine(docs, "README.md"));

        Assert.That(
            Directory.EnumerateFiles(docs, "*.md").Select(Path.GetFileName).Where(page => page != "README.md"),
            Is.All.Matches<string>(page => index.Contains($"]({page})", StringComparison.Ordinal)),
            "Add the page to docs/README.md.");
    }

    // A package carries no other page.
    [Test]
    public void Readmes_of_packages_have_no_relative_links() => Assert.That(
        PackageReadmes.Where(page => Regex.IsMatch(File.ReadAllText(page), @"\]\((?!https?:|#)")), Is.Empty);

    private static IReadOnlyList<string> PackageReadmes =>
        Directory.GetFiles(Path.Combine(Root, "src"), "README.md", SearchOption.AllDirectories);

    private static IEnumerable<string> SourcesOf(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(Root, file).Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));
}
