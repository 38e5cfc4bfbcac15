using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AutoStack.Data.Tests.Hosting;

public sealed class OptionsTests
{
    private const string Server = "Host=db.example;Database=autostack;Username=app;Password=hun=ter2";

    [Test]
    public void The_pool_has_the_documented_defaults()
    {
        var built = new AutoStackDataOptions { ConnectionString = Server }.ToConnectionString();

        Assert.That((built.MinPoolSize, built.MaxPoolSize, built.Timeout, built.KeepAlive), Is.EqualTo((20, 60, 30, 30)));
        Assert.That(built.Timezone, Is.EqualTo("UTC"));
        Assert.That(built.MaxAutoPrepare, Is.GreaterThan(0));
        Assert.That(built.NoResetOnClose, Is.True);
        Assert.That(built.ReadBufferSize, Is.EqualTo(65536));
        Assert.That(built.ApplicationName, Is.EqualTo("AutoStack.Data"));
    }

    [Test]
    public void Options_override_the_connection_string_which_overrides_the_defaults()
    {
        var given = new AutoStackDataOptions
        {
            ConnectionString = Server + ";MaxPoolSize=10;Timeout=5;Keepalive=0;Max Auto Prepare=0;Application Name=web",
        };
        var built = given.ToConnectionString();
        Assert.That(built.MaxPoolSize, Is.EqualTo(10));
        Assert.That(built.MinPoolSize, Is.EqualTo(10), "MinPoolSize is at most MaxPoolSize.");
        Assert.That((built.Timeout, built.KeepAlive), Is.EqualTo((5, 0)));
        Assert.That((built.MaxAutoPrepare, built.ApplicationName), Is.EqualTo((0, "web")));

        Assert.That(Built(";No Reset On Close=false").NoResetOnClose, Is.False);
        Assert.That(Built(";Read Buffer Size=8192").ReadBufferSize, Is.EqualTo(8192));

        given.MaxPoolSize = 100;
        given.MinPoolSize = 3;
        given.ConnectTimeout = TimeSpan.FromSeconds(7);
        built = given.ToConnectionString();
        Assert.That((built.MaxPoolSize, built.MinPoolSize, built.Timeout), Is.EqualTo((100, 3, 7)));
    }

    [Test]
    public void Error_details_and_parameter_logging_are_turned_off()
    {
        var built = Built(";Include Error Detail=true;Log Parameters=true");

        Assert.That((built.IncludeErrorDetail, built.LogParameters), Is.EqualTo((false, false)));
    }

    public static IEnumerable<TestCaseData> Wrong =>
    [
        Case("ConnectionString", o => o.ConnectionString = null),
        Case("ConnectionString", o => o.ConnectionString = "  "),
        Case("ConnectionString", o => o.ConnectionString = "nonsense"),
        Case("ConnectionString", o => o.ConnectionString = "Database=autostack"),
        Case("ConnectionString", o => o.ConnectionString = "Host=db;Pasword=hunter2"),
        Case("ConnectionString", o => o.ConnectionString = "Host=db;Password=hun;ter2=1"),
        Case("ConnectionString sets Multiplexing,", o => o.ConnectionString = Server + ";Multiplexing=true"),
        Case("SecretKeys[0] is null.", o => o.SecretKeys.Add(null!)),
        Case("MaxPoolSize", o => o.MaxPoolSize = 0),
        Case("MaxPoolSize", o => o.MaxPoolSize = -1),
        Case("MinPoolSize", o => o.MinPoolSize = -1),
        Case("MinPoolSize", o => o.MinPoolSize = 61),
        Case("ConnectTimeout", o => o.ConnectTimeout = TimeSpan.Zero),
        Case("ConnectTimeout", o => o.ConnectTimeout = TimeSpan.FromMilliseconds(1500)),
        Case("ConnectTimeout", o => o.ConnectTimeout = TimeSpan.FromSeconds(1025)),
        Case("ConnectTimeout", o => o.ConnectTimeout = TimeSpan.MaxValue),
        Case("KeepAlive", o => o.KeepAlive = TimeSpan.MaxValue),
        Case("CommandTimeout", o => o.CommandTimeout = TimeSpan.MaxValue),
        Case("KeepAlive", o => o.KeepAlive = TimeSpan.FromSeconds(-1)),
        Case("CommandTimeout", o => o.CommandTimeout = TimeSpan.FromSeconds(-1)),
        Case("CommandTimeout", o => o.CommandTimeout = TimeSpan.FromMilliseconds(10)),
        Case("SlowOperationThreshold", o => o.SlowOperationThreshold = TimeSpan.Zero),
        Case("LogPollInterval", o => o.LogPollInterval = TimeSpan.Zero),
        Case("LogPollInterval", o => o.LogPollInterval = TimeSpan.FromDays(2)),
        Case("Accounts.FreshSignIn", o => o.Accounts.FreshSignIn = TimeSpan.Zero),
        Case("Accounts.FreshSignIn", o => o.Accounts.FreshSignIn = TimeSpan.FromDays(2)),
        Case("Accounts.ResetInterval", o => o.Accounts.ResetInterval = TimeSpan.FromTicks(-1)),
        Case("Accounts.MaxSignInAge", o => o.Accounts.MaxSignInAge = TimeSpan.Zero),
        Case("Accounts.MaxSignIns", o => o.Accounts.MaxSignIns = 0),
        Case("Accounts.Throttle.MaxAttempts", o => o.Accounts.Throttle.MaxAttempts = 0),
        Case("Accounts.Throttle.MaxAttemptsOfAccount", o => o.Accounts.Throttle.MaxAttemptsOfAccount = 0),
        Case("Accounts.Throttle.MaxAttemptsOfAddress", o => o.Accounts.Throttle.MaxAttemptsOfAddress = 1_000_001),
        Case("Accounts.Throttle.Lockout", o => o.Accounts.Throttle.Lockout = TimeSpan.Zero),
        Case("LogWriter.FlushInterval", o => o.LogWriter.FlushInterval = TimeSpan.Zero),
        Case("LogWriter.FlushInterval", o => o.LogWriter.FlushInterval = TimeSpan.FromDays(1)),
        Case("LogWriter.FlushLines", o => o.LogWriter.FlushLines = 0),
        Case("LogWriter.FlushLines", o => o.LogWriter.FlushLines = 50_001),
        Case("LogWriter.FlushBytes", o => o.LogWriter.FlushBytes = 1023),
        Case("LogWriter.MaxBufferedLines", o => o.LogWriter.MaxBufferedLines = 0),
        Case("LogWriter.MaxBufferedBytes", o => o.LogWriter.MaxBufferedBytes = -1),
        Case("LogWriter.MaxLineBytes", o => o.LogWriter.MaxLineBytes = 255),
        Case("LogWriter.MaxBytesPerDeployment", o => o.LogWriter.MaxBytesPerDeployment = 0),
        Case("LogWriter.FailAfter", o => o.LogWriter.FailAfter = TimeSpan.Zero),
        Case("LogWriter.DrainTimeout", o => o.LogWriter.DrainTimeout = TimeSpan.FromTicks(-1)),
    ];

    [TestCaseSource(nameof(Wrong))]
    public void An_invalid_setting_is_named_at_startup_without_any_secret(string setting, Action<AutoStackDataOptions> spoil)
    {
        using var provider = new ServiceCollection()
            .AddAutoStackData(options =>
            {
                options.ConnectionString = Server;
                spoil(options);
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();

        var exception = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate())!;

        Assert.That(exception.Message, Does.Contain($"AutoStackDataOptions.{setting}"));
        Assert.That(exception.ToString(), Does.Not.Contain("hunter2").And.Not.Contain("ter2"));
        Assert.That(
            () => provider.GetRequiredService<IUnitOfWork>(),
            Throws.TypeOf<OptionsValidationException>(),
            "Without a host, the first use validates the options.");
    }

    private static NpgsqlConnectionStringBuilder Built(string keywords) =>
        new AutoStackDataOptions { ConnectionString = Server + keywords }.ToConnectionString();

    private static TestCaseData Case(string setting, Action<AutoStackDataOptions> spoil) => new(setting, spoil);
}
