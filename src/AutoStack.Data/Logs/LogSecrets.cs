using System.Collections.Concurrent;
using System.Text;
using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

internal sealed class LogSecrets : ILogSecrets
{
    // An escape that begins before the end of what is kept ends within so many characters behind it.
    private const int Margin = 64;

    private readonly Lock gate = new();
    private readonly Dictionary<Guid, List<string[]>> added = [];
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

        // As lines are, and without the space around, which a file or a shell adds and takes away.
        static string Checked(Secret value)
        {
            var text = value?.Reveal() ?? throw new ArgumentException("A value is null.", nameof(values));
            return text.Length <= ILogSecrets.MaxLength
                ? Text.Clean(text).Trim()
                : throw new ArgumentException($"A value is {text.Length} characters long; at most {ILogSecrets.MaxLength} can be masked.", nameof(values));
        }

        static void CheckAll(HashSet<string> all)
        {
            if (all.Count > ILogSecrets.MaxValues)
            {
                throw new ArgumentException(
                    $"With these, {all.Count} values would be masked in the log of the deployment; at most {ILogSecrets.MaxValues}.", nameof(values));
            }

            if (all.Sum(text => text.Length) is var length && length > ILogSecrets.MaxTotalLength)
            {
                throw new ArgumentException(
                    $"With these, the values masked in the log of the deployment would be {length} characters long together; at most "
                    + $"{ILogSecrets.MaxTotalLength}.", nameof(values));
            }
        }
    }

    /// <summary>A clean text with nothing in it that is secret; the same instance when nothing was.</summary>
    public string Mask(Guid deploymentId, string text) =>
        masks.TryGetValue(deploymentId, out var mask) ? mask.Value.Apply(text) : text;

    /// <summary>
    /// A line as it is stored: clean, with nothing in it that is secret, and cut when it is too long. It is cut before it is searched.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="message">The line as it was written.</param>
    /// <param name="maxBytes">The most bytes in UTF-8.</param>
    /// <param name="bytes">The bytes of the result.</param>
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

    /// <summary>The beginning of a text: clean, with nothing in it that is secret, at most so many code points.</summary>
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

    // Built when the first line comes: many calls one after the other build once.
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
