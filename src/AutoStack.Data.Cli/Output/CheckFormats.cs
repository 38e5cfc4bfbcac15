using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Xml;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Output;

/// <summary>A report as SARIF 2.1.0, as JUnit's XML, and as commands of a GitHub workflow.</summary>
internal static class CheckFormats
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the findings of a verb in one of the formats.</summary>
    public static void Write(CheckFormat format, string verb, IReadOnlyList<CheckFinding> findings, TextWriter output) =>
        output.WriteLine(format switch
        {
            CheckFormat.Sarif => Sarif(verb, findings),
            CheckFormat.Junit => JUnit(verb, findings),
            CheckFormat.Github => GitHub(findings),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "is not a format for build servers"),
        });

    private static string Sarif(string verb, IReadOnlyList<CheckFinding> findings)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
            json.WriteString("version", "2.1.0");
            json.WriteStartArray("runs");
            json.WriteStartObject();
            json.WriteStartObject("tool");
            json.WriteStartObject("driver");
            json.WriteString("name", $"autostack-db {verb}");
            json.WriteStartArray("rules");
            foreach (var rule in findings.Select(f => f.Rule).Distinct())
            {
                json.WriteStartObject();
                json.WriteString("id", rule);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartArray("results");
            foreach (var finding in findings)
            {
                WriteResult(json, finding);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteResult(Utf8JsonWriter json, CheckFinding finding)
    {
        json.WriteStartObject();
        json.WriteString("ruleId", finding.Rule);
        json.WriteString("level", finding.Level switch
        {
            CheckLevel.Drift => "error",
            CheckLevel.Pending => "warning",
            _ => "note",
        });
        json.WriteStartObject("message");
        json.WriteString("text", Text(finding));
        json.WriteEndObject();
        json.WriteStartArray("locations");
        json.WriteStartObject();
        json.WriteStartArray("logicalLocations");
        json.WriteStartObject();
        json.WriteString("fullyQualifiedName", Visible.Text(finding.Name));
        json.WriteString("kind", finding.Rule);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string JUnit(string verb, IReadOnlyList<CheckFinding> findings)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, OmitXmlDeclaration = true }))
        {
            var failures = findings.Count(f => f.Level != CheckLevel.Remark);
            xml.WriteStartElement("testsuites");
            xml.WriteStartElement("testsuite");
            xml.WriteAttributeString("name", $"autostack-db {verb}");
            xml.WriteAttributeString("tests", Math.Max(1, findings.Count).ToString(CultureInfo.InvariantCulture));
            xml.WriteAttributeString("failures", failures.ToString(CultureInfo.InvariantCulture));
            xml.WriteAttributeString("skipped", (findings.Count - failures).ToString(CultureInfo.InvariantCulture));
            xml.WriteAttributeString("errors", "0");
            if (findings.Count == 0)
            {
                WriteCase(xml, verb, "Nothing was found", null);
            }

            foreach (var finding in findings)
            {
                WriteCase(xml, finding.Rule, finding.Name, finding);
            }

            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return text.ToString();
    }

    private static void WriteCase(XmlWriter xml, string rule, string name, CheckFinding? finding)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", rule);
        xml.WriteAttributeString("name", Visible.Text(name));
        if (finding is not null)
        {
            xml.WriteStartElement(finding.Level == CheckLevel.Remark ? "skipped" : "failure");
            xml.WriteAttributeString("message", Visible.Text(finding.Message));
            if (finding.Level != CheckLevel.Remark)
            {
                xml.WriteString(Text(finding));
            }

            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static string GitHub(IReadOnlyList<CheckFinding> findings) => string.Join(Environment.NewLine, findings.Select(finding =>
        $"::{Command(finding.Level)} title={Property($"{finding.Rule} {Visible.Text(finding.Name)}")}::{Data(Text(finding))}"));

    private static string Command(CheckLevel level) => level switch
    {
        CheckLevel.Drift => "error",
        CheckLevel.Pending => "warning",
        _ => "notice",
    };

    // The runner reads a command to the end of the line, and its properties up to a comma or colon.
    private static string Data(string text) => text.Replace("%", "%25", StringComparison.Ordinal)
        .Replace("\r", "%0D", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal);

    private static string Property(string text) => Data(text).Replace(":", "%3A", StringComparison.Ordinal)
        .Replace(",", "%2C", StringComparison.Ordinal);

    private static string Text(CheckFinding finding) => Visible.Lines(string.Join("\n", finding.Details.Prepend(finding.Message)));
}

/// <summary>The formats of a report.</summary>
internal enum CheckFormat
{
    /// <summary>Lines for people.</summary>
    Text,

    /// <summary>One JSON object, as <c>--json</c>.</summary>
    Json,

    /// <summary>SARIF 2.1.0.</summary>
    Sarif,

    /// <summary>JUnit's XML.</summary>
    Junit,

    /// <summary>Commands of a GitHub workflow.</summary>
    Github,
}
