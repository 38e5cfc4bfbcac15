using System.Collections.Concurrent;
using System.Text;
using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

internal sealed class LogSecrets : ILogSecrets
{
    // An escape that starts before the end of the kept text ends at most this many characters after it.
    private const int Margin = 64;

    private readonly Lock gate = new();

    // Guarded by gate.
    private readonly Dictionary<Guid, List<string[]>> added = [];

    // Written under gate, read without.
    private readonly ConcurrentDictionary<Guid, Lazy<LogMask>> masks = new();

    public IDisposable Add(Guid deploymentId, IReadOnlyCollection<Secret> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        string[] texts = [.. values.Select(Checked).Where(text => text.Length >= ILogSecrets.MinLength).Distinct()];
        lock (gate)
        {
            var all = added.GetValueOrDefault(deploymentId) ?? [];
            CheckAll(all.SelectMany(some => some).Concat(texts).ToHashSet());
            all.Add(texts);
            added[deploymentId] = all;
            Renew(deploymentId, all);
        }

        return new Registration(() => Remove(deploymentId, texts));

        // Cleaned like lines, and without surrounding white space, which files and shells add or remove.
        static string Checked(Secret value)
        {
            var text = value?.Reveal() ?? throw new ArgumentException("A value is null.", nameof(values));
            return text.Length <= ILogSecrets.MaxLength
                ? Text.Clean(text).Trim()
                : throw new ArgumentException(
                    $"A value is {text.Length} characters long; at most {ILogSecrets.MaxLength} can be masked.", nameof(values));
        }

        static void CheckAll(HashSet<string> all)
        {
            if (all.Count > ILogSecrets.MaxValues)
            {
                throw new ArgumentException(
                    $"With these, {all.Count} values would be masked in the log of the deployment; at most {ILogSecrets.MaxValues}.",
                    nameof(values));
            }

            if (all.Sum(text => text.Length) is var length && length > ILogSecrets.MaxTotalLength)
            {
                throw new ArgumentException(
                    $"With these, the values masked in the log of the deployment would be {length} characters long together; at most "
                    + $"{ILogSecrets.MaxTotalLength}.", nameof(values));
            }
        }
    }

    /// <summary>Masks the values in a clean text; returns the same instance when the text contains none.</summary>
    public string Mask(Guid deploymentId, string text) =>
        masks.TryGetValue(deploymentId, out var mask) ? mask.Value.Apply(text) : text;

    /// <summary>
    /// Returns a line as stored: clean, masked, and cut when it is too long. The line is cut before it is searched.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="message">The line as written.</param>
    /// <param name="maxBytes">The maximum size in UTF-8.</param>
    /// <param name="bytes">The size of the result.</param>
    public string MaskLine(Guid deploymentId, string message, int maxBytes, out int bytes)
    {
        var text = Text.Clean(message);
        bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes <= maxBytes)
        {
            var masked = Mask(deploymentId, text);
            if (ReferenceEquals(masked, text) || (bytes = Encoding.UTF8.GetByteCount(masked)) <= maxBytes)
            {
                return masked;
            }

            text = masked;
        }
        else if (masks.TryGetValue(deploymentId, out var mask))
        {
            var end = Text.CountFitting(text, maxBytes);
            var rest = bytes - Encoding.UTF8.GetByteCount(text.AsSpan(0, end));
            text = mask.Value.Apply(text[..Math.Min(end + Margin, text.Length)], end);
            bytes = rest + Encoding.UTF8.GetByteCount(text);
        }

        text = Text.CutBytes(text, bytes, maxBytes);
        bytes = Encoding.UTF8.GetByteCount(text);
        return text;
    }

    /// <summary>Returns the beginning of a text: clean, masked, at most <paramref name="maxCodePoints"/> code points.</summary>
    public string MaskBeginning(Guid deploymentId, string message, int maxCodePoints)
    {
        var text = Text.Clean(message);
        var beginning = Text.Cut(text, maxCodePoints);
        if (!masks.TryGetValue(deploymentId, out var mask))
        {
            return beginning;
        }

        var read = text.Length - beginning.Length <= Margin ? text : text[..(beginning.Length + Margin)];
        return Text.Cut(mask.Value.Apply(read, beginning.Length), maxCodePoints);
    }

    private void Remove(Guid deploymentId, string[] texts)
    {
        lock (gate)
        {
            if (added.TryGetValue(deploymentId, out var all) && all.Remove(texts))
            {
                Renew(deploymentId, all);
            }
        }
    }

    // The mask is built for the first line: many consecutive calls build it once.
    private void Renew(Guid deploymentId, List<string[]> all)
    {
        if (all.Count == 0)
        {
            added.Remove(deploymentId);
        }

        var values = all.SelectMany(some => some).ToHashSet();
        if (values.Count == 0)
        {
            masks.TryRemove(deploymentId, out _);
        }
        else
        {
            masks[deploymentId] = new Lazy<LogMask>(() => new LogMask(values));
        }
    }

    private sealed class Registration(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
