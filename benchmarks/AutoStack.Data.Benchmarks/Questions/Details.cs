using AutoStack.Data.Benchmarks.Data;
using BenchmarkDotNet.Attributes;

namespace AutoStack.Data.Benchmarks.Questions;

public enum LogLength
{
    Ordinary,
    Giant,
}

/// <summary>On this machine, where a round trip costs nothing.</summary>
public class Details : DetailsQuestion
{
    [Params(LogLength.Ordinary, LogLength.Giant)]
    public LogLength Log { get; set; }

    private protected override Owned Deployment => Log == LogLength.Giant ? Fixtures.Giant : Fixtures.Ordinary;
}
