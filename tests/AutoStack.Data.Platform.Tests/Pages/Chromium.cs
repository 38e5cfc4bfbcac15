using PuppeteerSharp;

namespace AutoStack.Data.Platform.Tests.Pages;

/// <summary>A headless browser of this machine, and tabs that wait for what they should show.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private static readonly string[] Programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private readonly IBrowser browser;

    private Chromium(IBrowser browser) => this.browser = browser;

    /// <summary>Starts the browser. Without one the tests are skipped, and fail where <c>CI</c> is set.</summary>
    public static async Task<Chromium> StartAsync()
    {
        if (Programs.FirstOrDefault(File.Exists) is not { } program)
        {
            const string Missing = "No chromium is on this machine: install Debian's package chromium.";
            if (Environment.GetEnvironmentVariable("CI") is null or "")
            {
                Assert.Ignore(Missing);
            }

            Assert.Fail(Missing);
            return null!;
        }

        // Its sandbox needs a user who is not root.
        return new Chromium(await Puppeteer.LaunchAsync(new LaunchOptions
        {
            ExecutablePath = program,
            Headless = true,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        }));
    }

    /// <summary>A browser of another person: no cookies.</summary>
    public async Task<Visitor> VisitAsync(string address) => new(await browser.CreateBrowserContextAsync(), address);

    public async ValueTask DisposeAsync() => await browser.DisposeAsync();
}

/// <summary>A person with a browser of their own.</summary>
internal sealed class Visitor(IBrowserContext context, string address) : IAsyncDisposable
{
    public async Task<Tab> OpenAsync(string path)
    {
        var tab = new Tab(await context.NewPageAsync(), address);
        await tab.GoAsync(path);
        return tab;
    }

    /// <summary>Opens a tab and signs up.</summary>
    public async Task<Tab> SignUpAsync()
    {
        var tab = await OpenAsync("/");
        await tab.FillAsync("#sign-up [name=name]", "Ada");
        await tab.FillAsync("#sign-up [name=email]", $"ada-{Guid.NewGuid():N}@example.com");
        await tab.FillAsync("#sign-up [name=password]", "correct horse");
        await tab.ClickAsync("#sign-up button");
        await tab.UntilAsync("document.querySelector('#user')?.textContent === 'Ada'");
        return tab;
    }

    /// <summary>Signs up, adds a project of an example and deploys it.</summary>
    public async Task<Tab> DeployAsync(string example)
    {
        var tab = await SignUpAsync();
        await tab.DeployAsync(example);
        return tab;
    }

    public async ValueTask DisposeAsync() => await context.CloseAsync();
}

/// <summary>A tab.</summary>
internal sealed class Tab(IPage page, string address)
{
    private static readonly WaitForFunctionOptions Patience = new() { Timeout = 60_000, PollingInterval = 50 };

    public IPage Page => page;

    public Task GoAsync(string path) => page.GoToAsync(address.TrimEnd('/') + path);

    /// <summary>Waits until an expression is true; the text of the page is part of the failure.</summary>
    public async Task UntilAsync(string expression)
    {
        try
        {
            await page.WaitForFunctionAsync($"() => {expression}", Patience);
        }
        catch (WaitTaskTimeoutException exception)
        {
            throw new TimeoutException($"{expression}\n{page.Url}\n{await EvaluateAsync<string>("document.body.innerText")}", exception);
        }
    }

    public Task<T> EvaluateAsync<T>(string expression) => page.EvaluateExpressionAsync<T>(expression);

    public async Task ClickAsync(string selector)
    {
        await UntilAsync($"document.querySelector('{selector}') && !document.querySelector('{selector}').hidden");
        await page.ClickAsync(selector);
    }

    public async Task FillAsync(string selector, string text)
    {
        await UntilAsync($"document.querySelector('{selector}')");
        await page.EvaluateFunctionAsync("(selector, text) => { document.querySelector(selector).value = text; }", selector, text);
    }

    /// <summary>Adds a project of an example and deploys it; the tab then shows the deployment.</summary>
    public async Task DeployAsync(string example, string name = "site")
    {
        await UntilAsync("document.querySelectorAll('[name=example] option').length === 3");
        await FillAsync("#new-project [name=name]", name);
        await page.SelectAsync("#new-project [name=example]", example);
        await ClickAsync("#new-project button");
        await ClickAsync("#deploy");
        await UntilAsync("location.pathname === '/deployment.html' && document.querySelector('#status')");
    }

    public Task UntilStatusAsync(string status) => UntilAsync($"document.querySelector('#status')?.textContent === '{status}'");

    public Task UntilLineAsync(string text) =>
        UntilAsync($"[...document.querySelectorAll('#log li')].some(line => line.textContent === '{text}')");

    /// <summary>The numbers of the lines that the page shows.</summary>
    public Task<int[]> LineNumbersAsync() => EvaluateAsync<int[]>("[...document.querySelectorAll('#log li')].map(line => line.value)");

    public Task<string[]> LinesAsync() =>
        EvaluateAsync<string[]>("[...document.querySelectorAll('#log li')].map(line => line.textContent)");
}
