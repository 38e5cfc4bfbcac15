using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>The string literals of an assembly, which include its SQL statements.</summary>
internal static class AssemblyStrings
{
    public static IReadOnlyList<string> Of(Assembly assembly)
    {
        using var file = File.OpenRead(assembly.Location);
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();
        var strings = new List<string>();
        for (var handle = metadata.GetNextHandle(MetadataTokens.UserStringHandle(0)); !handle.IsNil; handle = metadata.GetNextHandle(
            handle))
        {
            strings.Add(metadata.GetUserString(handle));
        }

        return strings;
    }
}
