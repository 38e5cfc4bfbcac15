using System.Data;
using System.Reflection;
using System.Runtime.CompilerServices;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using Dapper;

namespace AutoStack.Data.Tests;

/// <summary>A host in another time zone that configures Dapper for a database of its own.</summary>
internal static class HostileHost
{
#pragma warning disable CA2255 // Runs before the first test, like the start-up code of a host.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void TakeOver()
    {
        Environment.SetEnvironmentVariable("TZ", "Asia/Kolkata");
        TimeZoneInfo.ClearCachedData();

        SqlMapper.AddTypeHandler(new Spoiling<Guid>());
        SqlMapper.AddTypeHandler(new Spoiling<string>());
        SqlMapper.AddTypeHandler(new Spoiling<DateTime>());
        SqlMapper.AddTypeHandler(new Spoiling<DateTimeOffset>());
        SqlMapper.AddTypeHandler(new Spoiling<Guid[]>());
        SqlMapper.AddTypeHandler(new Spoiling<string[]>());
        SqlMapper.AddTypeHandler(new Spoiling<DeploymentStatus>());
        SqlMapper.RemoveTypeMap(typeof(Guid));
        SqlMapper.RemoveTypeMap(typeof(string));
        SqlMapper.RemoveTypeMap(typeof(bool));
        SqlMapper.AddTypeMap(typeof(int), DbType.String);
        SqlMapper.AddTypeMap(typeof(DateTime), DbType.DateTime);
        SqlMapper.Settings.CommandTimeout = 1;
        SqlMapper.Settings.ApplyNullValues = true;
        SqlMapper.Settings.PadListExpansions = true;
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        foreach (var type in new[] { typeof(User), typeof(Project), typeof(Deployment), typeof(DeploymentLog) })
        {
            SqlMapper.SetTypeMap(type, new Blind());
        }
    }

    private sealed class Spoiling<T> : SqlMapper.TypeHandler<T>
    {
        public override T Parse(object value) => throw new InvalidOperationException($"A handler of the host read a {typeof(T).Name}.");

        public override void SetValue(IDbDataParameter parameter, T? value) =>
            throw new InvalidOperationException($"A handler of the host wrote a {typeof(T).Name}.");
    }

    private sealed class Blind : SqlMapper.ITypeMap
    {
        public ConstructorInfo? FindConstructor(string[] names, Type[] types) => null;

        public ConstructorInfo? FindExplicitConstructor() => null;

        public SqlMapper.IMemberMap? GetConstructorParameter(ConstructorInfo constructor, string columnName) => null;

        public SqlMapper.IMemberMap? GetMember(string columnName) => null;
    }
}

/// <summary>Proves that the settings of <see cref="HostileHost"/> are in effect while the shared tests run.</summary>
public sealed class HostileHostTests : Support.DatabaseTests
{
    [Test]
    public async Task Dappers_own_mapping_fails_in_this_host()
    {
        var user = await AddUserAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);

        Assert.That(
            () => connection.QuerySingleAsync<Guid>(
                new CommandDefinition("SELECT id FROM users WHERE id = @Id", new { user.Id }, cancellationToken: Token)),
            Throws.Exception);
    }

    [Test]
    public async Task The_host_uses_another_time_zone_and_legacy_timestamps()
    {
        Assert.That(TimeZoneInfo.Local.GetUtcOffset(DateTime.UnixEpoch.AddYears(50)), Is.EqualTo(TimeSpan.FromHours(5.5)));
        Assert.That(AppContext.TryGetSwitch("Npgsql.EnableLegacyTimestampBehavior", out var legacy) && legacy, Is.True);
        Assert.That(await ScalarAsync("SHOW timezone"), Is.EqualTo("Asia/Kolkata"));
        Assert.That(await ScalarAsync("SELECT now()::timestamp - (now() AT TIME ZONE 'UTC') > interval '5 hours'"), Is.True);
    }
}
