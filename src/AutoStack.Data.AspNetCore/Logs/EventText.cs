using System.Buffers;
using System.Text;
using System.Text.Json;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;

namespace AutoStack.Data.AspNetCore;

/// <summary>The text of the events of a log. The data of an event is JSON without line ends, and so a single line.</summary>
internal static class EventText
{
    /// <summary>Tells the browser to reconnect after a second.</summary>
    public static void WriteRetry(IBufferWriter<byte> output) => output.Write("retry: 1000\n\n"u8);

    /// <summary>Writes a comment, which browsers ignore.</summary>
    public static void WriteComment(IBufferWriter<byte> output) => output.Write(":\n\n"u8);

    /// <summary>Writes a line.</summary>
    public static void WriteLine(IBufferWriter<byte> output, DeploymentLog line)
    {
        output.Write("event: line\nid: "u8);
        output.Write(Encoding.ASCII.GetBytes(line.Cursor.ToString()));
        WriteData(output, json =>
        {
            json.WriteNumber("seq"u8, line.Seq);
            json.WriteString("timestamp"u8, line.Timestamp);
            json.WriteString("level"u8, line.Level?.Value);
            json.WriteString("message"u8, line.Message);
        });
    }

    /// <summary>Writes the end of a log.</summary>
    public static void WriteEnd(IBufferWriter<byte> output, Deployment? deployment)
    {
        output.Write("event: end"u8);
        WriteData(output, json => json.WriteString("status"u8, deployment?.Status.Value));
    }

    private static void WriteData(IBufferWriter<byte> output, Action<Utf8JsonWriter> write)
    {
        output.Write("\ndata: "u8);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        output.Write("\n\n"u8);
    }
}
