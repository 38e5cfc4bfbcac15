using System.Net;
using AutoStack.Data.Tests.Support;
using PuppeteerSharp;

namespace AutoStack.Data.Platform.Tests.Pages;

/// <summary>The sample platform in a browser, with a database of its own that goes with it.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class PageTests
{
    private PlatformProcess platform = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync() => platform = await PlatformProcess.StartAsync(connectionString: null, path: null, Token);

    [OneTimeTearDown]
    public async Task StopAsync() => await platform.DisposeAsync();

    [Test]
    public async Task A_deployment_is_watched_live_until_it_runs_and_is_found_in_every_page()
    {
        await using var ada = await Browser.Current.VisitAsync(platform.Address);
        var tab = await ada.DeployAsync("hello");
        await tab.UntilAsync("document.querySelector('#log li') && document.querySelector('#status').textContent !== 'success'");
        await tab.UntilStatusAsync("success");
        await tab.UntilAsync("document.querySelector('#connection').textContent === 'complete'");
        var lines = await tab.LinesAsync();
        var numbers = await tab.LineNumbersAsync();
        await tab.UntilAsync("document.querySelector('#health').textContent.includes('last check passed')");
        var address = await tab.EvaluateAsync<string>("document.querySelector('#address').href");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var page = await http.GetStringAsync(address, Token);
        await PictureAsync(tab, "platform", 900, "light");

        Assert.That(lines, Does.Contain("$ sh build.sh").And.Contain("Built 3 pages."));
        Assert.That(numbers, Is.EqualTo(Enumerable.Range(1, lines.Length)));
        Assert.That(page, Does.Contain("<h1>Hello from AutoStack</h1>"));
        var stages = await tab.EvaluateAsync<string>("document.querySelector('#stages').innerText");
        Assert.That(stages, Does.Contain("building completed").And.Contain("deploying completed"));

        var first = tab.Page.Url;
        await tab.ClickAsync("#redeploy");
        await tab.UntilAsync($"location.href !== '{first}' && document.querySelector('#status')?.textContent === 'success'");
        Assert.That(await tab.EvaluateAsync<string>("document.querySelector('#address').href"), Is.Not.EqualTo(address));

        await tab.GoAsync("/dashboard.html");
        await tab.UntilAsync("document.querySelectorAll('#per-day rect.bar').length === 14");
        await tab.UntilAsync("document.querySelectorAll('#success circle').length === 1");
        Assert.That(await tab.EvaluateAsync<string>("document.querySelector('#numbers').innerText"), Does.Contain("100 %"));

        await PicturesAsync(tab, "dashboard-with-numbers");

        await tab.GoAsync("/search.html");
        await tab.FillAsync("[name=text]", "built 3");
        await tab.ClickAsync("#search button");
        await tab.UntilAsync("document.querySelectorAll('#matches mark').length === 2");
        Assert.That(await tab.EvaluateAsync<string>("document.querySelector('#matches mark').textContent"), Is.EqualTo("Built 3"));
    }

    [Test]
    public async Task A_build_that_fails_says_why()
    {
        await using var ada = await Browser.Current.VisitAsync(platform.Address);
        var tab = await ada.DeployAsync("broken");
        await tab.UntilStatusAsync("failed");
        await tab.UntilAsync("document.querySelector('#log li.error')?.textContent.includes('the title is missing')");

        Assert.That(
            await tab.EvaluateAsync<string>("document.querySelector('#summary').textContent"), Does.Contain("ended with exit code 3"));
        Assert.That(await tab.EvaluateAsync<bool>("document.querySelector('#result').hidden"), Is.True);
        Assert.That(await tab.EvaluateAsync<string>("document.querySelector('#stages').innerText"), Does.Contain("building failed"));
    }

    [Test]
    public async Task Two_tabs_show_the_same_lines_a_reload_misses_none_and_a_cancel_reaches_both()
    {
        await using var ada = await Browser.Current.VisitAsync(platform.Address);
        var first = await ada.DeployAsync("slow");
        await first.UntilLineAsync("step 1 of 60");
        var second = await ada.OpenAsync(new Uri(first.Page.Url).PathAndQuery);
        await second.UntilLineAsync("step 2 of 60");
        await first.Page.ReloadAsync();
        await first.UntilLineAsync("step 3 of 60");
        await second.ClickAsync("#cancel");
        await first.UntilStatusAsync("cancelled");
        await second.UntilStatusAsync("cancelled");
        foreach (var tab in new[] { first, second })
        {
            await tab.UntilAsync("document.querySelector('#connection').textContent === 'complete'");
        }

        var lines = await first.LinesAsync();
        Assert.That(await first.LineNumbersAsync(), Is.EqualTo(Enumerable.Range(1, lines.Length)));
        Assert.That(await second.LinesAsync(), Is.EqualTo(lines));
        Assert.That(lines, Has.None.Contains("step 60"));
        Assert.That(await first.EvaluateAsync<bool>("document.querySelector('#cancel').hidden"), Is.True);
    }

    // The stream ends after some lines; the browser's own attempt is refused, so that it gives up, and the page opens the stream again.
    [Test]
    public async Task A_log_whose_stream_is_cut_and_then_refused_continues_after_its_last_line()
    {
        await using var ada = await Browser.Current.VisitAsync(platform.Address);
        var tab = await ada.DeployAsync("broken");
        await tab.UntilStatusAsync("failed");
        await tab.UntilAsync("document.querySelector('#connection').textContent === 'complete'");
        var lines = await tab.LinesAsync();
        var stream = await tab.EvaluateAsync<string>(
            "fetch(`/api/deployments/${new URLSearchParams(location.search).get('id')}/log`).then(answer => answer.text())");
        var beginning = "retry: 10\n\n" + string.Join("\n\n", stream.Split("\n\n").Take(3)) + "\n\n";
        var opened = new List<string>();
        await tab.Page.SetRequestInterceptionAsync(true);
        tab.Page.Request += async (_, e) =>
        {
            if (!new Uri(e.Request.Url).AbsolutePath.EndsWith("/log", StringComparison.Ordinal))
            {
                await e.Request.ContinueAsync();
                return;
            }

            opened.Add(e.Request.Url);
            await (opened.Count switch
            {
                1 => e.Request.RespondAsync(new() { Status = HttpStatusCode.OK, ContentType = "text/event-stream", Body = beginning }),
                2 => e.Request.RespondAsync(new() { Status = HttpStatusCode.ServiceUnavailable }),
                _ => e.Request.ContinueAsync(),
            });
        };

        await tab.Page.ReloadAsync();
        await tab.UntilAsync("document.querySelector('#connection').textContent === 'complete'");
        await tab.UntilAsync($"document.querySelectorAll('#log li').length >= {lines.Length}");

        Assert.That(await tab.LineNumbersAsync(), Is.EqualTo(Enumerable.Range(1, lines.Length)));
        Assert.That(await tab.LinesAsync(), Is.EqualTo(lines));
        Assert.That(opened, Has.Count.EqualTo(3));
        Assert.That(opened[2], Does.Contain("cursor="));
    }

    [TestCase("slow", "cancel", "building")]
    [TestCase("broken", "redeploy", "failed")]
    public async Task The_problem_of_a_button_stays_while_the_page_looks_again(string example, string button, string status)
    {
        await using var ada = await Browser.Current.VisitAsync(platform.Address);
        var tab = await ada.DeployAsync(example);
        await tab.UntilStatusAsync(status);
        var (refuses, refused, looks, lost) = (true, false, 0, false);
        await tab.Page.SetRequestInterceptionAsync(true);
        tab.Page.Request += async (_, e) =>
        {
            var path = new Uri(e.Request.Url).AbsolutePath;
            if (refuses && path.EndsWith($"/{button}", StringComparison.Ordinal))
            {
                refused = true;
                await e.Request.RespondAsync(new()
                {
                    Status = HttpStatusCode.Conflict,
                    ContentType = "application/problem+json",
                    Body = """{"title":"It is refused."}""",
                });
                return;
            }

            looks += refused && e.Request.Method == HttpMethod.Get && !path.EndsWith("/log", StringComparison.Ordinal) ? 1 : 0;
            await (lost ? e.Request.AbortAsync() : e.Request.ContinueAsync());
        };
        await tab.ClickAsync($"#{button}");
        await tab.UntilAsync("document.querySelector('#problem').textContent === 'It is refused.'");
        await UntilLookedAsync(3);
        await AssertShownAsync();

        // The page's own problem comes and goes beside it.
        lost = true;
        await tab.UntilAsync("document.querySelector('#look-problem').textContent === 'The service does not answer.'");
        await AssertShownAsync();
        lost = false;
        await tab.UntilAsync("document.querySelector('#look-problem').hidden");
        await AssertShownAsync();

        // It goes when the button is pressed again.
        refuses = false;
        await tab.ClickAsync($"#{button}");
        await tab.UntilAsync("document.querySelector('#problem').hidden");

        async Task AssertShownAsync() => Assert.That(
            await tab.EvaluateAsync<string>("document.querySelector('#problem').innerText"), Is.EqualTo("It is refused."));

        async Task UntilLookedAsync(int count)
        {
            while (looks < count)
            {
                await Task.Delay(50, Token);
            }
        }
    }

    [Test]
    public async Task A_signed_push_deploys_and_a_forged_one_does_not()
    {
        await using var ada = await Browser.Current.VisitAsync(platform.Address);
        var tab = await ada.DeployAsync("broken");
        await tab.UntilAsync("document.querySelector('#project').href.includes('project.html?id=')");
        await tab.ClickAsync("#project");
        await tab.ClickAsync("#forged");
        await tab.UntilAsync("document.querySelector('#delivery').textContent.startsWith('Answered 401: The signature')");
        var before = await tab.EvaluateAsync<int>("document.querySelectorAll('#deployments a').length");
        await tab.ClickAsync("#push");
        await tab.UntilAsync("document.querySelector('#delivery').textContent.startsWith('Answered 200: Queued')");
        await tab.UntilAsync("document.querySelectorAll('#deployments a').length === 2");

        Assert.That(before, Is.EqualTo(1));
        Assert.That(
            await tab.EvaluateAsync<string>("document.querySelector('#deployments').innerText"), Does.Contain("webhook · "));
    }

    [Test]
    public async Task A_name_that_is_HTML_stays_text()
    {
        const string Name = "<img id=evil src=x onerror=alert(1)>";
        await using var eve = await Browser.Current.VisitAsync(platform.Address);
        var tab = await eve.SignUpAsync();
        await tab.DeployAsync("broken", Name);
        await tab.UntilAsync("document.querySelector('#project').textContent !== 'Project'");

        Assert.That(await tab.EvaluateAsync<string>("document.querySelector('#project').textContent"), Is.EqualTo(Name));
        Assert.That(await tab.EvaluateAsync<bool>("document.querySelector('#evil') === null"), Is.True);
    }

    [Test]
    public async Task Sessions_are_listed_ended_elsewhere_and_signed_out()
    {
        await using var ada = await Browser.Current.VisitAsync(platform.Address);
        var tab = await ada.SignUpAsync();
        await tab.GoAsync("/account.html");
        await tab.UntilAsync("document.querySelector('#sessions').innerText.includes('(this browser)')");
        await tab.ClickAsync("#others");
        await tab.UntilAsync("document.querySelector('#ended').textContent === '0 sessions ended.'");
        await tab.ClickAsync("#sign-out");
        await tab.UntilAsync("location.pathname === '/' && document.querySelector('#sign-in')");

        // A page without a session leads to the sign-in.
        await tab.GoAsync("/projects.html");
        await tab.UntilAsync("location.pathname === '/' && document.querySelector('#sign-in')");
    }

    [TestCase("/")]
    [TestCase("/projects.html")]
    [TestCase("/dashboard.html")]
    [TestCase("/search.html")]
    [TestCase("/account.html")]
    [TestCase("deployment")]
    public async Task A_page_is_for_everyone(string path)
    {
        await using var ada = await Browser.Current.VisitAsync(platform.Address);
        var tab = path switch
        {
            "/" => await ada.OpenAsync("/"),
            "deployment" => await ada.DeployAsync("broken"),
            _ => await ada.SignUpAsync(),
        };
        await tab.Page.SetViewportAsync(new() { Width = 380, Height = 800 });
        if (path.EndsWith(".html", StringComparison.Ordinal))
        {
            await tab.GoAsync(path);
        }

        await tab.UntilAsync("document.querySelectorAll('h1').length === 1");

        Assert.That(
            await tab.EvaluateAsync<int>("document.documentElement.scrollWidth"), Is.LessThanOrEqualTo(380), "It scrolls sideways.");
        Assert.That(await tab.EvaluateAsync<string>("document.documentElement.lang"), Is.EqualTo("en"));
        Assert.That(
            await tab.EvaluateAsync<int>(
                "[...document.querySelectorAll('input, select')].filter(one => !one.labels.length).length"),
            Is.Zero, "A field has no label.");
        Assert.That(
            await tab.EvaluateAsync<int>(
                "[...document.querySelectorAll('button, a')].filter(one => one.offsetParent && !one.textContent.trim()).length"),
            Is.Zero, "A button or link has no text.");
        await PicturesAsync(tab, path == "/" ? "sign-in" : path.Trim('/').Replace(".html", "", StringComparison.Ordinal));
    }

    [Test]
    public async Task The_service_answers_operators_and_tells_browsers_what_a_page_may_do()
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(platform.Address) };
        using var page = await http.GetAsync("/", Token);
        var metrics = await http.GetStringAsync("/metrics", Token);

        Assert.That(await http.GetStringAsync("/health/ready", Token), Is.EqualTo("Healthy"));
        Assert.That(await http.GetStringAsync("/health/live", Token), Is.EqualTo("Healthy"));
        Assert.That(metrics, Does.Contain("# TYPE db_client_operation_duration_seconds summary"));
        Assert.That(
            page.Headers.GetValues("Content-Security-Policy").Single(), Does.Contain("script-src 'self';").And.Not.Contain("unsafe"));
        Assert.That(
            platform.Greeting[0],
            Is.EqualTo("A small deployment platform on AutoStack.Data: sign up, deploy an example or a git repository, and watch."));
    }

    // Pictures for the documentation, and for whoever changes a page: AUTOSTACK_SCREENSHOTS=docs/images.
    private static async Task PictureAsync(Tab tab, string name, int width, string scheme)
    {
        if (Environment.GetEnvironmentVariable("AUTOSTACK_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await tab.Page.SetViewportAsync(new() { Width = width, Height = 760 });
            await tab.Page.EmulateMediaFeaturesAsync([new() { MediaFeature = MediaFeature.PrefersColorScheme, Value = scheme }]);
            await tab.Page.ScreenshotAsync(Path.Combine(Path.GetFullPath(folder, SourceRoot.Path), $"{name}.png"));
        }
    }

    private static async Task PicturesAsync(Tab tab, string page)
    {
        foreach (var scheme in new[] { "light", "dark" })
        {
            await PictureAsync(tab, $"{page}-{scheme}-380", 380, scheme);
            await PictureAsync(tab, $"{page}-{scheme}", 1000, scheme);
        }
    }
}
