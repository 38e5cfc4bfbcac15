namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>A temporary directory with <c>scripts/sql</c>.</summary>
internal sealed class Workplace : IDisposable
{
    public Workplace() => Directory.CreateDirectory(Scripts);

    public string Root { get; } = Directory.CreateTempSubdirectory("autostack-test-").FullName;

    public string Scripts => Path.Combine(Root, "scripts", "sql");

    public IEnumerable<string> FileNames =>
        Directory.EnumerateFiles(Scripts).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal);

    public string Read(string name) => File.ReadAllText(Path.Combine(Scripts, name));

    public void Write(string name, string text) => File.WriteAllText(Path.Combine(Scripts, name), text);

    public void WritePair(string name, string text)
    {
        Write(name + ".sql", text);
        Write(name + ".down.sql", LintTests.AnyDown + ";");
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
