using System.CommandLine;
using AutoStack.Data.Secrets;
using Microsoft.Extensions.Options;

namespace AutoStack.Data.Cli.Keys;

/// <summary>
/// Reads keys of secrets from a file or a variable, never from the command line, which every user of the machine can see. A key is
/// <c>ID=BASE64</c>; keys are separated by white space or commas, and the first one encrypts. A line that begins with # is a comment.
/// </summary>
internal static class KeyFile
{
    /// <summary>The variable that is read without a file.</summary>
    public const string Variable = "AUTOSTACK_SECRET_KEYS";

    private const string Name = "--keys";

    /// <summary>The option that names the file.</summary>
    /// <param name="remark">What the keys are for, or what happens without one; a sentence.</param>
    public static Option<string?> Option(string remark) => new(Name)
    {
        Description =
            "A file with the keys of secrets as ID=BASE64; readable by its owner and group only. " +
            $"Default: the variable {Variable}. {remark}",
        HelpName = "FILE",
    };

    /// <summary>The keys of the file, or of the variable without one; empty without both.</summary>
    /// <exception cref="CliException">The file cannot be read or is open to others, or a key is wrong. No message has a key.</exception>
    public static IReadOnlyList<SecretKey> Read(string? path, CliHost host)
    {
        var (source, text) = path is not null ? (Name, SecretFile.Read(Name, path, host.Directory))
            : (Variable, host.Environment(Variable) ?? "");
        var keys = new List<SecretKey>();
        foreach (var entry in text.Split('\n').Where(line => !line.TrimStart().StartsWith('#'))
            .SelectMany(line => line.Split([' ', '\t', '\r', ','], StringSplitOptions.RemoveEmptyEntries)))
        {
            var place = $"{source}, key {keys.Count + 1}";
            var end = entry.IndexOf('=', StringComparison.Ordinal);
            if (end < 1)
            {
                throw Failure.Usage($"{place} is not ID=BASE64.");
            }

            keys.Add(new SecretKey { Id = entry[..end], Secret = Secret.From(entry[(end + 1)..]) });
            try
            {
                _ = new SecretProtector(keys);
            }
            catch (OptionsValidationException exception)
            {
                // The library names the setting: AutoStackDataOptions.SecretKeys[0].Id.
                var problem = exception.Failures.First();
                throw Failure.Usage($"{place}: {problem[(problem.IndexOf(']', StringComparison.Ordinal) + 1)..].TrimStart('.')}");
            }
        }

        return keys.Count > 0 || path is null ? keys : throw Failure.Usage($"{Name}: the file has no key.");
    }
}
