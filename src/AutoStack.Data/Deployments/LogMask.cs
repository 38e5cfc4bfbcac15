using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;

namespace AutoStack.Data.Deployments;

/// <summary>Finds the forms of some secrets in a text and writes <c>***</c> in their place.</summary>
internal sealed class LogMask
{
    private const string Mask = "***";

    private readonly string[] longestFirst;
    private readonly SearchValues<string> any;

    public LogMask(IReadOnlyCollection<string> forms)
    {
        longestFirst = [.. forms.OrderByDescending(form => form.Length)];
        any = SearchValues.Create(longestFirst, StringComparison.Ordinal);
    }

    /// <summary>What a value looks like in a log; nothing when it is too short to be masked.</summary>
    public static IEnumerable<string> FormsOf(string secret)
    {
        // As lines are, and without the space around, which a file or a shell adds and takes away.
        var value = Internal.Text.Clean(secret).Trim();
        if (value.Length < ILogSecrets.MinLength)
        {
            return [];
        }

        string[] forms =
        [
            value,
            .. value.Split(['\r', '\n'], StringSplitOptions.TrimEntries),
            JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value),
            JavaScriptEncoder.Default.Encode(value),
            Uri.EscapeDataString(value),
            WebUtility.UrlEncode(value),
            .. Base64Of(Encoding.UTF8.GetBytes(value)),
        ];
        return forms.Where(form => form.Length >= ILogSecrets.MinLength);
    }

    /// <summary>The text without what is secret; the same instance when nothing was.</summary>
    public string Apply(string text)
    {
        var found = text.AsSpan().IndexOfAny(any);
        if (found < 0)
        {
            return text;
        }

        var masked = new StringBuilder(text.Length);
        var done = 0;
        while (found >= 0)
        {
            masked.Append(text, done, found - done).Append(Mask);
            done = EndOf(text, found);
            var next = text.AsSpan(done).IndexOfAny(any);
            found = next < 0 ? -1 : done + next;
        }

        return masked.Append(text, done, text.Length - done).ToString();
    }

    // Where the forms that begin here, or within those that do, end: two that overlap are masked as one, so that no end of either stays.
    private int EndOf(string text, int start)
    {
        var end = start;
        for (var at = start; at < end || at == start; at++)
        {
            var rest = text.AsSpan(at);
            foreach (var form in longestFirst)
            {
                if (rest.StartsWith(form, StringComparison.Ordinal))
                {
                    end = Math.Max(end, at + form.Length);
                    break;
                }
            }

            var next = at + 1 < text.Length ? text.AsSpan(at + 1).IndexOfAny(any) : -1;
            if (next < 0)
            {
                break;
            }

            at += next;
        }

        return end;
    }

    // Something in front and something behind: of the characters, those that only the value decides. In front are 0, 1 or 2 bytes of a group of three.
    private static IEnumerable<string> Base64Of(byte[] value)
    {
        for (var front = 0; front < 3; front++)
        {
            var bytes = new byte[front + value.Length];
            value.CopyTo(bytes, front);
            var first = front == 0 ? 0 : front + 1;
            var form = Convert.ToBase64String(bytes)[first..(bytes.Length * 8 / 6)];
            yield return form;
            yield return form.Replace('+', '-').Replace('/', '_');
        }
    }
}
