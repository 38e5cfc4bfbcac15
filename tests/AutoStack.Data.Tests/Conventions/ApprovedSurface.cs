using System.Reflection;
using PublicApiGenerator;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>Compares the public surface of an assembly, constants and their values included, with the text that was approved.</summary>
internal static class ApprovedSurface
{
    /// <param name="assembly">The assembly.</param>
    /// <param name="fileName">The approved text, beside the tests in the folder <c>Conventions</c>.</param>
    public static void Check(Assembly assembly, string fileName)
    {
        var approved = Path.Combine(AppContext.BaseDirectory, "Conventions", fileName);
        var actual = assembly.GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n");

        var received = Path.ChangeExtension(approved, ".received.txt");
        File.WriteAllText(received, actual);
        var expected = File.Exists(approved) ? File.ReadAllText(approved).ReplaceLineEndings("\n") : "";
        Assert.That(
            actual, Is.EqualTo(expected), $"If the change is intended, copy {received} to Conventions/{fileName} of the test project.");
    }
}
