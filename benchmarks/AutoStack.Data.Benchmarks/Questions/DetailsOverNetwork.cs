using System.Globalization;
using BenchmarkDotNet.Attributes;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>Over a network with a longer round trip: what is counted is round trips.</summary>
public class DetailsOverNetwork : DetailsQuestion
{
    [Params("4 ms")]
    public string RoundTrip { get; set; } = "";

    private DelayProxy Proxy { get; set; } = null!;

    private protected override string ConnectionString =>
        new NpgsqlConnectionStringBuilder(base.ConnectionString) { Host = DelayProxy.Host, Port = Proxy.Port }.ConnectionString;

    public override async Task SetUpAsync()
    {
        var server = new NpgsqlConnectionStringBuilder(base.ConnectionString);
        Proxy = new DelayProxy(
            server.Host!, server.Port, TimeSpan.FromMilliseconds(double.Parse(RoundTrip.Split(' ')[0], CultureInfo.InvariantCulture)));
        await base.SetUpAsync();
    }

    public override async Task CleanUpAsync()
    {
        await base.CleanUpAsync();
        await Proxy.DisposeAsync();
    }
}
