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

    // The address is a stranger's. The library refuses what reads this machine's files or starts a program.
    [TestCase("file:///etc/hostname", "is a path on this machine")]
    [TestCase("ext::touch /tmp/autostack-canary", "contains white space")]
    public async Task An_address_that_is_no_repository_on_a_host_is_refused(string repository, string reason)
    {
        await using var eve = await Browser.Current.VisitAsync(platform.Address);
        var tab = await AddAsync(eve, repository, "trunk");
        await tab.UntilAsync("!document.querySelector('#problem').hidden");

        Assert.That(await tab.EvaluateAsync<string>("document.querySelector('#problem').textContent"), Does.Contain(reason));
        Assert.That(await tab.EvaluateAsync<int>("document.querySelectorAll('#projects a').length"), Is.Zero);
    }

    // Git itself fetches by HTTP and SSH only.
    [Test]
    public async Task An_address_of_another_protocol_is_not_fetched()
    {
        await using var eve = await Browser.Current.VisitAsync(platform.Address);
        var tab = await DeployAsync(eve, "git://127.0.0.1:1/ada/site.git", "trunk");
        await tab.UntilStatusAsync("failed");
        await tab.UntilAsync("document.querySelector('#log').textContent.includes(\"transport 'git' not allowed\")");
    }

    private static async Task<Tab> DeployAsync(Visitor visitor, string repository, string branch, string command = "")
    {
        var tab = await AddAsync(visitor, repository, branch, command);
        await tab.ClickAsync("#deploy");
        await tab.UntilAsync("location.pathname === '/deployment.html' && document.querySelector('#status')");
        return tab;
    }

    private static async Task<Tab> AddAsync(Visitor visitor, string repository, string branch, string command = "")
    {
        var tab = await visitor.SignUpAsync();
        await tab.UntilAsync("document.querySelectorAll('[name=example] option').length === 3");
        await tab.ClickAsync("[value=git]");
        await tab.FillAsync("#new-project [name=name]", "of git");
        await tab.FillAsync("#new-project [name=repository]", repository);
        await tab.FillAsync("#new-project [name=branch]", branch);
        await tab.FillAsync("#new-project [name=buildCommand]", command);
        await tab.ClickAsync("#new-project button");
        return tab;
    }
}
