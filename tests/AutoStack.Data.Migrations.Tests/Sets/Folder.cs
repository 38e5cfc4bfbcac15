namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>A temporary working directory with the scripts of a service in <c>db/billing</c>.</summary>
internal sealed class Folder : IDisposable
{
    public const string Invoices =
        "CREATE TABLE invoices (id bigint CONSTRAINT invoices_pkey PRIMARY KEY, cents bigint NOT NULL);";

    /// <summary>The path of the working directory.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("autostack-set-").FullName;

    /// <summary>The path of the scripts of billing.</summary>
    public string Billing => Path.Combine(Root, "db", "billing");

    /// <summary>A folder with the scripts of a service: a table, an index that is built concurrently, and a view.</summary>
    public static Folder WithBilling()
    {
        var folder = new Folder();
        folder.Pair("0001_create_invoices", Invoices, "DROP TABLE invoices CASCADE;");
        folder.Pair(
            "0002_add_invoices_cents_index",
            "-- autostack: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS invoices_cents_idx ON invoices (cents);",
            "-- autostack: no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS invoices_cents_idx;");
        folder.Write("R__totals.sql", "CREATE OR REPLACE VIEW totals AS SELECT sum(cents) AS cents FROM invoices;");
        return folder;
    }

    public void Pair(string name, string up, string down)
    {
        Write(name + ".sql", up);
        Write(name + ".down.sql", down);
    }

    public void Write(string name, string text)
    {
        var path = Path.Combine(Billing, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    public void Configure(string json) => File.WriteAllText(Path.Combine(Root, "autostack-db.json"), json);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
