using System.Collections.Concurrent;
using AutoStack.Data.Security;

namespace AutoStack.Data.Deployments;

internal sealed class LogSecrets : ILogSecrets
{
    private readonly Lock gate = new();
    private readonly Dictionary<Guid, List<string[]>> added = [];
    private readonly ConcurrentDictionary<Guid, LogMask> masks = new();

    public IDisposable Add(Guid deploymentId, IReadOnlyCollection<Secret> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        string[] forms = [.. values.Select(Checked).Distinct().SelectMany(LogMask.FormsOf).Distinct()];
        lock (gate)
        {
            if (!added.TryGetValue(deploymentId, out var all))
            {
                added.Add(deploymentId, all = []);
            }

            all.Add(forms);
            Renew(deploymentId, all);
        }

        return new Registration(() => Remove(deploymentId, forms));

        static string Checked(Secret value)
        {
            var text = value?.Reveal() ?? throw new ArgumentException("A value is null.", nameof(values));
            return text.Length <= ILogSecrets.MaxLength
                ? text
                : throw new ArgumentException($"A value is {text.Length} characters long; at most {ILogSecrets.MaxLength} can be masked.", nameof(values));
        }
    }

    /// <summary>A clean text with nothing in it that is secret; the same instance when nothing was.</summary>
    public string Mask(Guid deploymentId, string text) =>
        masks.TryGetValue(deploymentId, out var mask) ? mask.Apply(text) : text;

    private void Remove(Guid deploymentId, string[] forms)
    {
        lock (gate)
        {
            if (added.TryGetValue(deploymentId, out var all) && all.Remove(forms))
            {
                Renew(deploymentId, all);
            }
        }
    }

    private void Renew(Guid deploymentId, List<string[]> all)
    {
        if (all.Count == 0)
        {
            added.Remove(deploymentId);
        }

        string[] forms = [.. all.SelectMany(some => some).Distinct()];
        if (forms.Length == 0)
        {
            masks.TryRemove(deploymentId, out _);
        }
        else
        {
            masks[deploymentId] = new LogMask(forms);
        }
    }

    private sealed class Registration(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
