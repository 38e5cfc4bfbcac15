namespace AutoStack.Data.Tests.Conventions;

/// <summary>The code of the README, compiled.</summary>
internal static class ReadmeCode
{
}
