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

    [TestCase("$\"s.{line.Seq}0\"")]
    [TestCase("$\"r.{line.Seq}\"")]
    [TestCase("$\"{line.Seq}\"")]
    [TestCase("$\"ss.{line.Seq}\"")]
    [TestCase("$\"s.{line.Seq:X}\"")]
    [TestCase("$\"s.{line.Seq,20}\"")]
    [TestCase("$\"s.{line.Seq}{1}\"")]
    public async Task A_text_that_is_another_place_is_reported_and_gets_no_code_fix(string text)
    {
        var code = Code.Class($"public Cursor Place(DeploymentLog line) => Cursor.Parse({{|ASD0005:{text}|}});");
        await Code.MendsAsync<BuiltCursorAnalyzer, BuiltCursorCodeFix>(code, code);
    }

    [Test]
    public async Task The_text_is_found_among_named_arguments() =>
        await Code.ReportsAsync<BuiltCursorAnalyzer>(Code.Method("var place = Cursor.Parse(provider: null, s: [|$\"s.{text}\"|]);"));

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
