using System.Security.Cryptography;

namespace AutoStack.Data.LocalServer;

/// <summary>Unique names, safe in SQL and on a file system that ignores case.</summary>
internal static class RandomName
{
    public static string Create() => RandomNumberGenerator.GetHexString(16, lowercase: true);
}
