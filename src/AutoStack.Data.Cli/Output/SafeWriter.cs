using System.Text;

namespace AutoStack.Data.Cli.Output;

/// <summary>
/// A standard stream that may be closed or full: a run continues without it, because it may be in the middle of its work. The first failure
/// is kept, and later text is dropped.
/// </summary>
internal sealed class SafeWriter(TextWriter inner) : TextWriter
{
    /// <summary>The stream itself.</summary>
    public TextWriter Inner => inner;

    /// <summary>Why text was lost; null when none was.</summary>
    public string? Failure { get; private set; }

    public override Encoding Encoding => inner.Encoding;

    public override IFormatProvider FormatProvider => inner.FormatProvider;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void Flush() => Try(inner.Flush);

    private void Try(Action write)
    {
        if (Failure is not null)
        {
            return;
        }

        try
        {
            write();
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            Failure = exception.Message;
        }
    }
}
