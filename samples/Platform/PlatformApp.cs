using System.Security.Cryptography;
using AutoStack.Data;
using AutoStack.Data.Retention;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Platform.Api;
using Platform.Building;
using Platform.Operations;

namespace Platform;

/// <summary>Puts the service together: what it registers, and what it serves.</summary>
internal static class PlatformApp
{
    public static WebApplication Build(string connectionString, Arguments arguments)
    {
        // The pages and the examples are beside the program.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls(arguments.Urls ?? Loopback.FreeAddress());

        // A page of another site reaches this machine under a name of its own, which it lets resolve to 127.0.0.1 (DNS rebinding): to the
        // browser it then is of the same origin. Requests for other hosts than these get 400.
        builder.Configuration["AllowedHosts"] = string.Join(';', Loopback.Hosts.Union(arguments.Hosts));
        builder.Services.AddSingleton(arguments);
        var secret = new WebhookSecret(arguments.WebhookSecret ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        builder.Services.AddSingleton(secret);

        AddData(builder.Services, connectionString);
        AddSessions(builder.Services);
        AddWorker(builder.Services);
        AddOperations(builder.Services, removesLogs: arguments.ConnectionString is null || arguments.Retention);

        var app = builder.Build();

        // Metrics count from now on, and folders of runs that were killed go now.
        app.Services.GetRequiredService<MetricsText>();
        app.Services.GetRequiredService<Workspace>();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseSecurityHeaders();
        app.UseDefaultFiles();
        app.UseStaticFiles();
        app.UseAuthentication();
        app.UseAuthorization();

        app.MapAccounts();
        app.MapProjects();
        app.MapDeployments();
        app.MapAnalytics();
        app.MapTestPushes();
        foreach (var provider in WebhookProvider.Known)
        {
            app.MapAutoStackWebhooks($"/webhooks/{provider}", provider, options => options.Secrets.Add(secret.Value));
        }

        app.MapGet("/metrics", (MetricsText metrics) => TypedResults.Text(metrics.Write(), "text/plain; version=0.0.4"));
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") });
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = check => check.Tags.Contains("live") });
        return app;
    }

    private static void AddData(IServiceCollection services, string connectionString)
    {
        services.AddAutoStackData(options =>
        {
            options.ConnectionString = connectionString;
            (options.MinPoolSize, options.MaxPoolSize) = (2, 20);
        });
        services.AddAutoStackProblemDetails();
    }

    private static void AddSessions(IServiceCollection services) => services.AddAutoStackSessions(options =>
    {
        // Over HTTP, on this machine only: browsers differ in whether they take a Secure cookie there. A service behind HTTPS leaves these
        // four lines out.
        options.Cookie.Name = "platform-session";
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.ClientCookie.Name = "platform-client";
        options.ClientCookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
    });

    private static void AddWorker(IServiceCollection services)
    {
        services.AddSingleton<Workspace>();
        services.AddSingleton<SiteCheck>();
        services.AddSingleton<Sites>();
        services.AddHostedService(provider => provider.GetRequiredService<Sites>());
        services.AddSingleton<Builder>();
        services.AddDeploymentWorker(
            options =>
            {
                (options.Concurrency, options.MaxPerProject) = (3, 1);
                options.HeartbeatInterval = TimeSpan.FromSeconds(1); // a cancel reaches the build within a second
            },
            (job, log, token) => job.Services.GetRequiredService<Builder>().BuildAsync(job, log, token));
    }

    private static void AddOperations(IServiceCollection services, bool removesLogs)
    {
        if (removesLogs)
        {
            services.AddRetention(
                new RetentionPolicy { DeploymentLogs = TimeSpan.FromDays(30) }, UpkeepSchedule.Every(TimeSpan.FromHours(1)));
        }

        services.AddHealthChecks().AddAutoStackData();
        services.AddSingleton<MetricsText>();
        services.AddHostedService<SiteMonitor>();

        // Every address that the platform asks is on this machine, whatever proxy the environment names.
        services.AddHttpClient(Loopback.Client, client => client.Timeout = TimeSpan.FromSeconds(3))
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { UseProxy = false });
    }
}

/// <summary>The secret that signs webhooks, which no user knows.</summary>
/// <param name="Value">The secret.</param>
internal sealed record WebhookSecret(Secret Value)
{
    public WebhookSecret(string text)
        : this(Secret.From(text))
    {
    }
}
