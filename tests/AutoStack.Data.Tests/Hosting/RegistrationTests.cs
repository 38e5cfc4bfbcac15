using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace AutoStack.Data.Tests.Hosting;

public sealed class RegistrationTests : DatabaseTests
{
    [Test]
    public async Task A_host_keeps_its_own_data_source_beside_the_library()
    {
        var builder = Host.CreateApplicationBuilder();
        await using var own = NpgsqlDataSource.Create("Host=elsewhere");
        builder.Services.AddSingleton(own);
        builder.Services.AddAutoStackData(Database.ConnectionString);
        using var host = builder.Build();

        await host.StartAsync(Token);

        Assert.That(host.Services.GetRequiredService<NpgsqlDataSource>(), Is.SameAs(own));
        Assert.That(await host.Services.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token), Is.Null);
        await host.StopAsync(Token);
    }

    [Test]
    public async Task A_data_source_of_the_host_is_used_and_not_disposed()
    {
        await using var own = NpgsqlDataSource.Create(Database.ConnectionString);
        await using (var provider = new ServiceCollection().AddAutoStackData(own).BuildServiceProvider())
        {
            var users = provider.GetRequiredService<IUserRepository>();
            var user = await users.AddAsync(new NewUser { Name = "Ada", Email = $"{Unique("own")}@example.com" }, Token);
            Assert.That(await Users.FindAsync(user.Id, Token), Is.EqualTo(user), "The time zone of the sessions does not matter.");
        }

        await using var connection = await own.OpenConnectionAsync(Token);
        Assert.That(connection.State, Is.EqualTo(System.Data.ConnectionState.Open));
    }

    [Test]
    public async Task A_connection_string_serves_a_database_under_a_key()
    {
        var isConfigured = false;
        await using var provider = new ServiceCollection()
            .AddKeyedAutoStackData("eu", Database.ConnectionString, _ => isConfigured = true)
            .BuildServiceProvider();

        var found = await provider.GetRequiredKeyedService<IUserRepository>("eu").FindAsync(Guid.NewGuid(), Token);

        Assert.That(found, Is.Null);
        Assert.That(isConfigured);
    }

    [Test]
    public async Task A_data_source_of_the_host_serves_a_database_under_a_key()
    {
        await using var own = NpgsqlDataSource.Create(Database.ConnectionString);
        await using (var provider = new ServiceCollection().AddKeyedAutoStackData("eu", own).BuildServiceProvider())
        {
            Assert.That(await provider.GetRequiredKeyedService<IUserRepository>("eu").FindAsync(Guid.NewGuid(), Token), Is.Null);
        }

        await using var connection = await own.OpenConnectionAsync(Token);
        Assert.That(connection.State, Is.EqualTo(System.Data.ConnectionState.Open));
    }

    [Test]
    public async Task A_data_source_of_the_container_is_used_with_further_options([Values] bool keyed)
    {
        var services = new ServiceCollection();
        services.AddSingleton(_ => NpgsqlDataSource.Create(Database.ConnectionString));
        var isConfigured = false;
        _ = keyed
            ? services.AddKeyedAutoStackData("eu", Source, Configure)
            : services.AddAutoStackData(Source, Configure);
        await using var provider = services.BuildServiceProvider();

        var users = keyed ? provider.GetRequiredKeyedService<IUserRepository>("eu") : provider.GetRequiredService<IUserRepository>();
        var user = await users.AddAsync(new NewUser { Name = "Ada", Email = $"{Unique("shared")}@example.com" }, Token);

        Assert.That(await Users.FindAsync(user.Id, Token), Is.EqualTo(user));
        Assert.That(isConfigured);

        static NpgsqlDataSource Source(IServiceProvider provider) => provider.GetRequiredService<NpgsqlDataSource>();

        void Configure(AutoStackDataOptions options) => isConfigured = true;
    }

    [Test]
    public async Task A_section_of_the_configuration_sets_the_options([Values] bool keyed)
    {
        var section = Section(
            ("ConnectionString", Database.ConnectionString), ("LogWriter:FlushInterval", "00:00:00.2"), ("MaxPoolSize", "7"));
        var services = new ServiceCollection();
        AutoStackDataOptions? bound = null;
        _ = keyed
            ? services.AddKeyedAutoStackData("eu", section, options => bound = options)
            : services.AddAutoStackData(section, options => bound = options);
        await using var provider = services.BuildServiceProvider();

        var users = keyed ? provider.GetRequiredKeyedService<IUserRepository>("eu") : provider.GetRequiredService<IUserRepository>();

        Assert.That(await users.FindAsync(Guid.NewGuid(), Token), Is.Null);
        Assert.That((bound!.MaxPoolSize, bound.LogWriter.FlushInterval), Is.EqualTo(((int?)7, TimeSpan.FromSeconds(0.2))));
    }

    [TestCase("MaxPoolSze", "7", "MaxPoolSze")]
    [TestCase("LogWriter:FlushIntervall", "00:00:01", "FlushIntervall")]
    [TestCase("MaxPoolSize", "many", "AutoStackData:MaxPoolSize")]
    [TestCase("MaxPoolSize", "0", "MaxPoolSize")]
    public void A_wrong_setting_of_a_section_is_named_when_the_host_starts(string name, string value, string named)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddAutoStackData(Section(("ConnectionString", Database.ConnectionString), (name, value)));
        using var host = builder.Build();

        var exception = Assert.CatchAsync(() => host.StartAsync(Token))!;

        Assert.That(exception.Message, Does.Contain(named));
        Assert.That(exception.ToString(), Does.Not.Contain(Database.ConnectionString));
    }

    [TestCase("SecretKeys:0", "2026-11=iGr+vPSNttM/gudsPmNdVpUZMzzMRk9fdnlOdvTbG/w=")]
    [TestCase("SecretKeys:2026-11", "iGr+vPSNttM/gudsPmNdVpUZMzzMRk9fdnlOdvTbG/w=")]
    [TestCase("SecretKeys", "2026-11=iGr+vPSNttM/gudsPmNdVpUZMzzMRk9fdnlOdvTbG/w=")]
    [TestCase("Accounts", "correct horse")]
    [TestCase("MaxPoolSize", "correct horse")]
    public void A_value_in_the_place_of_another_one_is_not_shown(string name, string value)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddAutoStackData(Section(("ConnectionString", Database.ConnectionString), (name, value)));
        using var host = builder.Build();

        var exception = Assert.CatchAsync(() => host.StartAsync(Token))!;

        Assert.That(exception.Message, Does.Contain($"AutoStackData:{name}"));
        Assert.That(exception.ToString(), Does.Not.Contain(value));
    }

    [Test]
    public void A_database_that_does_not_exist_stops_the_start_with_the_commands_that_make_it()
    {
        var connection = new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Database = "no_such_database" };
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddAutoStackData(connection.ConnectionString);
        using var host = builder.Build();

        Assert.That(() => host.StartAsync(Token), Throws.Exception.With.Message.Contains("run 'autostack-db create'"));
    }

    [Test]
    public async Task Two_databases_are_registered_under_two_keys()
    {
        await using var second = await TestServer.Current.CreateDatabaseAsync(Token);
        await using var provider = new ServiceCollection()
            .AddKeyedAutoStackData("eu", o => o.ConnectionString = Database.ConnectionString)
            .AddKeyedAutoStackData("us", o => o.ConnectionString = second.ConnectionString)
            .BuildServiceProvider();

        var eu = provider.GetRequiredKeyedService<IUserRepository>("eu");
        var us = provider.GetRequiredKeyedService<IUserRepository>("us");
        var user = await us.AddAsync(new NewUser { Name = "Ada", Email = $"{Unique("us")}@example.com" }, Token);

        Assert.That(await us.FindAsync(user.Id, Token), Is.EqualTo(user));
        Assert.That(await eu.FindAsync(user.Id, Token), Is.Null);
        Assert.That(provider.GetService<IUserRepository>(), Is.Null);
    }

    [Test]
    public async Task Service_keys_with_equal_text_stay_different_keys()
    {
        await using var second = await TestServer.Current.CreateDatabaseAsync(Token);
        await using var provider = new ServiceCollection()
            .AddKeyedAutoStackData(DayOfWeek.Monday, o => o.ConnectionString = Database.ConnectionString)
            .AddKeyedAutoStackData("Monday", o => o.ConnectionString = second.ConnectionString)
            .BuildServiceProvider();
        var user = await AddUserAsync();

        Assert.That(await provider.GetRequiredKeyedService<IUserRepository>(DayOfWeek.Monday).FindAsync(user.Id, Token), Is.EqualTo(user));
        Assert.That(await provider.GetRequiredKeyedService<IUserRepository>("Monday").FindAsync(user.Id, Token), Is.Null);
    }

    [Test]
    public async Task An_ambient_transaction_of_the_host_is_ignored()
    {
        await using var own = NpgsqlDataSource.Create(Database.ConnectionString + ";Enlist=true");
        await using var provider = new ServiceCollection().AddAutoStackData(own).BuildServiceProvider();
        User user;
        using (new System.Transactions.TransactionScope(System.Transactions.TransactionScopeAsyncFlowOption.Enabled))
        {
            user = await provider.GetRequiredService<IUserRepository>().AddAsync(
                new NewUser { Name = "Ada", Email = $"{Unique("ambient")}@example.com" }, Token);
            await provider.GetRequiredService<IUnitOfWork>().RunAsync((tx, ct) => tx.Get<IUserRepository>().FindAsync(user.Id, ct), Token);
        }

        Assert.That(await Users.FindAsync(user.Id, Token), Is.EqualTo(user));
    }

    [Test]
    public async Task The_command_timeout_applies_from_option_and_connection_string()
    {
        foreach (var configure in new Action<AutoStackDataOptions>[]
        {
            o => o.ConnectionString += ";Command Timeout=1",
            o => o.CommandTimeout = TimeSpan.FromSeconds(1),
        })
        {
            await using var provider = new ServiceCollection()
                .AddAutoStackData(o =>
                {
                    o.ConnectionString = Database.ConnectionString;
                    configure(o);
                })
                .BuildServiceProvider();
            var user = await AddUserAsync();
            await using var connection = await Raw.OpenConnectionAsync(Token);
            await using var transaction = await connection.BeginTransactionAsync(Token);
            await using var hold = new NpgsqlCommand("LOCK TABLE users IN ACCESS EXCLUSIVE MODE", connection);
            await hold.ExecuteNonQueryAsync(Token);

            Assert.That(
                () => provider.GetRequiredService<IUserRepository>().FindAsync(user.Id, Token),
                Throws.TypeOf<StatementTimeoutException>().With.InnerException.InnerException.InstanceOf<TimeoutException>());
        }
    }

    [Test]
    public void A_second_registration_without_a_key_is_refused()
    {
        var services = new ServiceCollection().AddAutoStackData(Database.ConnectionString);

        Assert.That(
            () => services.AddAutoStackData("Host=other"),
            Throws.InvalidOperationException.With.Message.Contains("AddKeyedAutoStackData"));
    }

    [Test]
    public async Task A_clock_registered_after_the_library_is_used()
    {
        var services = new ServiceCollection().AddAutoStackData(Database.ConnectionString);
        services.AddSingleton<TimeProvider>(Clock);
        await using var provider = services.BuildServiceProvider();

        var user = await provider.GetRequiredService<IUserRepository>().AddAsync(
            new NewUser { Name = "Ada", Email = $"{Unique("clock")}@example.com" }, Token);

        Assert.That(user.CreatedAt.Year, Is.EqualTo(2026));
        Assert.That(user.CreatedAt, Is.LessThan(Clock.Start.AddDays(30)));
    }

    [Test]
    public async Task A_failed_connection_throws_an_error_without_the_password()
    {
        foreach (var (spoil, expected) in new (Action<NpgsqlConnectionStringBuilder>, Type)[]
        {
            (b => b.Database = "no_such_database", typeof(PostgresException)),
            (b => b.Port = 1, typeof(DatabaseUnavailableException)),
        })
        {
            var connection = new NpgsqlConnectionStringBuilder(Database.ConnectionString);
            spoil(connection);
            await using var provider = new ServiceCollection()
                .AddAutoStackData(
                    o => (o.ConnectionString, o.OperationTimeout) = (connection.ConnectionString, TimeSpan.FromSeconds(1)))
                .BuildServiceProvider();

            var users = provider.GetRequiredService<IUserRepository>();
            var exception = Assert.CatchAsync(() => users.FindAsync(Guid.NewGuid(), Token))!;

            Assert.That(exception, Is.TypeOf(expected));
            Assert.That(exception.ToString(), Does.Not.Contain(connection.Password!));
        }
    }

    private static IConfigurationSection Section(params (string Name, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"AutoStackData:{setting.Name}", (string?)setting.Value)))
        .Build()
        .GetSection("AutoStackData");
}
