using AutoStack.Data.CodeFixes;

namespace AutoStack.Data.Analyzers.Tests;

/// <summary>ASD0005.</summary>
public sealed class BuiltCursorTests
{
    [Test]
    public async Task Composed_texts_are_reported() =>
        await Code.ReportsAsync<BuiltCursorAnalyzer>(Code.Method("""
                    var built = "i." + id.ToString("N");
                    var ofLine = Cursor.Parse([|$"s.{text}"|]);
                    var ofId = Cursor.Parse([|built|], null);
                    var parsed = Cursor.TryParse([|string.Format("i.{0:N}", id)|], out var place);
            """));

    [Test]
    public async Task The_number_of_a_line_becomes_its_cursor() =>
        await Code.MendsAsync<BuiltCursorAnalyzer, BuiltCursorCodeFix>(
            Code.Class("public Cursor Place(List<DeploymentLog> lines) => Cursor.Parse([|$\"s.{lines[^1].Seq}\"|]);"),
            Code.Class("public Cursor Place(List<DeploymentLog> lines) => lines[^1].Cursor;"));

    [Test]
    public async Task Texts_from_elsewhere_are_not_reported() =>
        await Code.ReportsAsync<BuiltCursorAnalyzer>(Code.Method("""
                    const string Prefix = "s.";
                    var given = Cursor.Parse(text);
                    var constant = Cursor.Parse(Prefix + "17");
                    var parsed = Cursor.TryParse(text.Trim(), out var place);
                    var set = $"s.{id}";
                    set = text;
                    var ofSet = Cursor.Parse(set);
                    var back = Cursor.Parse(given.ToString());
                    var number = int.Parse($"1{text}");
                    var token = ReadToken.Parse($"{number}");
            """));
}
