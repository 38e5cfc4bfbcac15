using System.Reflection;
using System.Text.Json.Serialization;
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
        var options = new ApiGeneratorOptions
        {
            IncludeAssemblyAttributes = false,
            IncludeTypes = [.. TypesOf(assembly)],
            DenyNamespacePrefixes = [], // The registrations are in namespaces of Microsoft.
        };
        var surface = assembly.GeneratePublicApi(options).ReplaceLineEndings("\n");
        var actual = string.Join('\n', [surface, .. ConstantsOfInterfaces(assembly)]);

        var received = Path.ChangeExtension(approved, ".received.txt");
        File.WriteAllText(received, actual);
        var expected = File.Exists(approved) ? File.ReadAllText(approved).ReplaceLineEndings("\n") : "";
        Assert.That(
            actual, Is.EqualTo(expected), $"If the change is intended, copy {received} to Conventions/{fileName} of the test project.");
    }

    // What the compiler generates for a context of JSON follows from the records.
    private static IEnumerable<Type> TypesOf(Assembly assembly) =>
        assembly.GetExportedTypes().Where(type => !type.IsSubclassOf(typeof(JsonSerializerContext)));

    // The generator leaves them out.
    private static IEnumerable<string> ConstantsOfInterfaces(Assembly assembly) =>
        from type in assembly.GetExportedTypes()
        where type.IsInterface
        from field in type.GetFields()
        where field.IsLiteral
        orderby type.FullName, field.Name
        select $"// {type.FullName}.{field.Name} = {field.GetRawConstantValue()}";
}
