using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Monitoring;

/// <summary>
/// Which method of the library has a statement, by its text. The statements are constants of this assembly, so that they are found in the
/// code of its methods; the statements themselves carry no comment, and cost nothing more.
/// </summary>
internal static partial class OperationNames
{
    private const byte LoadString = 0x72;

    // Others send it, too, to see whether a connection lives.
    private static readonly string Ping = StatementText.Key("SELECT 1");

    private const string Trimmed = "A trimmed process names fewer statements, and one that is compiled ahead of time none.";

    // The server keeps the beginning of a running statement only, 1,024 bytes unless it is set up otherwise.
    private const int ShortestBeginning = 200;
    private const int Frayed = 20;

    private static readonly Lazy<FrozenDictionary<string, string>> ByText = new(Read);

    /// <summary>The method, as <c>DeploymentQueue.ClaimNext</c>; null for a statement of others.</summary>
    /// <param name="statement">The statement as the server shows it, possibly cut off.</param>
    public static string? Find(string? statement)
    {
        if (statement is null)
        {
            return null;
        }

        var key = StatementText.Key(statement);
        return ByText.Value.TryGetValue(key, out var name) ? name
            : key.Length >= ShortestBeginning && ByBeginning(key[..^Frayed]) is [var only] ? only
            : null;
    }

    /// <summary>The statements and their methods.</summary>
    internal static IReadOnlyDictionary<string, string> All => ByText.Value;

    private static List<string> ByBeginning(string beginning) =>
        [.. ByText.Value.Where(entry => entry.Key.StartsWith(beginning, StringComparison.Ordinal)).Select(entry => entry.Value).Distinct()];

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Trimmed)]
    private static FrozenDictionary<string, string> Read()
    {
        if (!RuntimeFeature.IsDynamicCodeSupported)
        {
            return FrozenDictionary<string, string>.Empty;
        }

        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var type in typeof(OperationNames).Assembly.GetTypes())
        {
            foreach (var method in Methods(type))
            {
                foreach (var text in Strings(method).Where(text => Verb().IsMatch(text)))
                {
                    found.TryAdd(StatementText.Key(text), NameOf(type, method));
                }
            }
        }

        found.Remove(Ping);
        return found.ToFrozenDictionary(StringComparer.Ordinal);
    }

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = Trimmed)]
    private static IEnumerable<MethodBase> Methods(Type type)
    {
        const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance
            | BindingFlags.DeclaredOnly;
        return type.GetMethods(Own).Concat<MethodBase>(type.GetConstructors(Own));
    }

    // Every byte may begin the instruction; a token that is none of a string is refused, or the string begins with no verb of SQL.
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Trimmed)]
    private static IEnumerable<string> Strings(MethodBase method)
    {
        var code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (var at = 0; at + 4 < code.Length; at++)
        {
            if (code[at] == LoadString && code[at + 4] == 0x70 && Resolve(method.Module, BitConverter.ToInt32(code, at + 1)) is { } text)
            {
                yield return text;
            }
        }
    }

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Trimmed)]
    private static string? Resolve(Module module, int token)
    {
        try
        {
            return module.ResolveString(token);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // The compiler moves the code of an asynchronous method, a lambda or a local function to <Method>something.
    private static string NameOf(Type type, MethodBase method)
    {
        var names = new List<string> { method.Name };
        for (var inner = type; inner.DeclaringType is not null; inner = inner.DeclaringType)
        {
            names.Add(inner.Name);
        }

        var name = names.Select(n => Moved().Match(n)).FirstOrDefault(m => m.Success)?.Groups["method"].Value ?? method.Name;
        var outermost = type;
        while (outermost.DeclaringType is { } outer)
        {
            outermost = outer;
        }

        return name.StartsWith('.') ? outermost.Name
            : $"{outermost.Name}.{(name.EndsWith("Async", StringComparison.Ordinal) ? name[..^5] : name)}";
    }

    [GeneratedRegex(@"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|COPY)\s", RegexOptions.CultureInvariant)]
    private static partial Regex Verb();

    [GeneratedRegex(@"^<(?<method>[^<>]+)>", RegexOptions.CultureInvariant)]
    private static partial Regex Moved();
}
