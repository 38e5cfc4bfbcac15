namespace AutoStack.Data.Platform.Tests.Pages;

/// <summary>Projects of a git repository in the sample platform: what is cloned, and what is not.</summary>
public sealed class GitTests
{
    // Of a site whose server would obey it: it would listen elsewhere.
    private const string Settings = """{ "Kestrel": { "Endpoints": { "Own": { "Url": "http://127.0.0.1:0" } } } }""";

    private PlatformProcess platform = null!;
    private GitServer git = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        git = await GitServer.StartAsync(("index.html", "<h1>From git</h1>"), ("appsettings.json", Settings));
        platform = await PlatformProcess.StartAsync(connectionString: null, path: null, Token);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await platform.DisposeAsync();
        await git.DisposeAsync();
    }

    [Test]
    public async Task A_repository_is_cloned_built_and_served_with_its_commit()
    {
        await using var ada = await Browser.Current.VisitAsync(platform.Address);
        var tab = await DeployAsync(ada, git.Address, "trunk", "cp index.html copy.html");
        await tab.UntilStatusAsync("success");
        await tab.UntilAsync("!document.querySelector('#result').hidden");
        var address = await tab.EvaluateAsync<string>("document.querySelector('#address').href");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(address) };

        Assert.That(await http.GetStringAsync("copy.html", Token), Is.EqualTo("<h1>From git</h1>"));
        using var history = await http.GetAsync(".git/config", Token);
        Assert.That(history.IsSuccessStatusCode, Is.False, "the history is not served");
        Assert.That(
            await tab.EvaluateAsync<string>("document.querySelector('#summary').textContent"),
            Does.StartWith($"branch trunk · {git.Commit[..12]} · {GitServer.Message}"));
        var deployment = await tab.EvaluateAsync<string>(
            "fetch('/api/deployments/' + new URLSearchParams(location.search).get('id')).then(answer => answer.text())");
        Assert.That(deployment, Does.Contain(GitServer.Author).And.Contain(git.Commit));
    }

    [Test]
    public async Task A_branch_that_does_not_exist_fails_the_build_and_the_log_says_why()
    {
        await using var ada = await Browser.Current.VisitAsync(platform.Address);
        var tab = await DeployAsync(ada, git.Address, "missing");
        await tab.UntilStatusAsync("failed");
        await tab.UntilAsync("document.querySelector('#log').textContent.includes('Remote branch missing not found')");
    }

    // The address is a stranger's: it must not read this machine's files, nor start a program.
    [TestCase("file")]
    [TestCase("ext")]
    public async Task An_address_of_another_protocol_is_not_fetched(string protocol)
    {
        var canary = Path.Combine(Path.GetTempPath(), $"autostack-canary-{Guid.NewGuid():N}");
        await using var eve = await Browser.Current.VisitAsync(platform.Address);
        var tab = await DeployAsync(eve, protocol == "file" ? $"file://{git.Folder}" : $"ext::touch {canary}", "trunk");
        await tab.UntilStatusAsync("failed");
        await tab.UntilAsync($"document.querySelector('#log').textContent.includes(\"transport '{protocol}' not allowed\")");

        Assert.That(File.Exists(canary), Is.False);
    }

    private static async Task<Tab> DeployAsync(Visitor visitor, string repository, string branch, string command = "")
    {
        var tab = await visitor.SignUpAsync();
        await tab.UntilAsync("document.querySelectorAll('[name=example] option').length === 3");
        await tab.ClickAsync("[value=git]");
        await tab.FillAsync("#new-project [name=name]", "of git");
        await tab.FillAsync("#new-project [name=repository]", repository);
        await tab.FillAsync("#new-project [name=branch]", branch);
        await tab.FillAsync("#new-project [name=buildCommand]", command);
        await tab.ClickAsync("#new-project button");
        await tab.ClickAsync("#deploy");
        await tab.UntilAsync("location.pathname === '/deployment.html' && document.querySelector('#status')");
        return tab;
    }
}
