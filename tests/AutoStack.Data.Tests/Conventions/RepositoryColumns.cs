using System.Data;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using AutoStack.Data.Postgres;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>Column list, reader, record and catalog of every table agree. The repositories are found in the assembly.</summary>
public sealed class RepositoryColumns : DatabaseTests
{
    private static readonly NullabilityInfoContext Nullability = new();

    /// <summary>Columns that no record shows, with the reason.</summary>
    private static readonly Dictionary<string, string> Withheld = new()
    {
        ["deployment_logs.log_bytes"] = "for the bound of the log, on the last line of each append only",
        ["users.password_hash"] = "secret",
        ["users.closed_at"] = "no method returns a closed account",
        ["github_connections.github_access_token"] = "secret",
        ["github_connections.github_refresh_token"] = "secret",
        ["sessions.token"] = "secret",
        ["sessions.client_key_hash"] = "secret",
        ["sessions.sealed_token"] = "secret",
        ["password_reset_tokens.token_hash"] = "secret",
        ["email_verification_tokens.token_hash"] = "secret",
        ["projects.env_vars"] = "secret",
        ["deployments.env_vars"] = "secret",
        ["github_connections.github_access_token_version"] = "read with the secret",
        ["github_connections.github_refresh_token_version"] = "read with the secret",
        ["projects.env_vars_version"] = "read with the secret",
        ["deployments.env_vars_version"] = "read with the secret",
        ["deployments.queue_place"] = "the queue's own",
        ["queue_pauses.id"] = "that of the project",
        ["projects.repository_host"] = "computed by the server from repository, to look it up",
        ["projects.repository_path"] = "computed by the server from repository, to look it up",
    };

    /// <summary>Columns that a member shares with another one, with the reason.</summary>
    private static readonly Dictionary<string, string> Shared = new()
    {
        ["deployments.commit_hash_full"] = "the whole of commit_hash, which is too short for some",
    };

    private static IEnumerable<Repository> Repositories =>
        from type in typeof(IUnitOfWork).Assembly.GetTypes()
        let columns = type.GetField("Columns", BindingFlags.Static | BindingFlags.NonPublic)
        where columns is { IsLiteral: true }
        select new Repository(type, (string)columns.GetRawConstantValue()!);

    [Test]
    public void There_are_repositories() => Assert.That(Repositories.Count(), Is.GreaterThanOrEqualTo(7));

    [TestCaseSource(nameof(Repositories))]
    public async Task Column_list_and_record_agree_with_the_catalog(Repository repository)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand($"SELECT {repository.Columns} FROM {repository.Table} {repository.Alias}", connection);
        await using var reader = await command.ExecuteReaderAsync(CommandBehavior.SchemaOnly | CommandBehavior.KeyInfo, Token);
        var schema = await reader.GetColumnSchemaAsync(Token);
        var required = await RequiredAsync(repository.Table);
        var members = repository.Members();

        Assert.That(schema.Select(c => c.BaseTableName), Is.All.EqualTo(repository.Table));
        Assert.That(
            schema.Select(c => c.BaseColumnName),
            Is.EqualTo(repository.Names),
            "Each column of the list is a column of the table under its own name.");
        Assert.That(members.Values, Is.Unique);
        Assert.That(members.Values, Is.EquivalentTo(repository.Properties), "Every member of the record is read.");
        foreach (var column in schema.Where(c => members.ContainsKey(c.BaseColumnName!)))
        {
            var member = members[column.BaseColumnName!];
            var nullable = column.AllowDBNull == true && !required.Contains(column.BaseColumnName!);
            Assert.That(
                Nullability.Create(member).ReadState,
                Is.EqualTo(nullable ? NullabilityState.Nullable : NullabilityState.NotNull),
                $"The nullability of {member} differs from its column.");
            var type = Nullable.GetUnderlyingType(member.PropertyType) ?? member.PropertyType;
            var expected = type == typeof(DateTimeOffset) ? "timestamp without time zone"
                : type == typeof(Guid) ? "uuid"
                : type == typeof(bool) ? "boolean"
                : type == typeof(int) ? "integer"
                : type == typeof(long) ? "bigint"
                : type == typeof(JsonElement) ? "jsonb"
                : "character varying or text";
            Assert.That(expected, Does.Contain(column.DataTypeName!.Split('(')[0]), $"{member}");
        }
    }

    [TestCaseSource(nameof(Repositories))]
    public async Task Every_column_is_read_or_withheld_for_a_reason(Repository repository)
    {
        var all = new List<string>();
        await using var command = Raw.CreateCommand(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped");
        command.Parameters.AddWithValue(repository.Table);
        await using var reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token))
        {
            all.Add(reader.GetString(0));
        }

        var left = all.Except(repository.Names).Select(c => $"{repository.Table}.{c}");
        Assert.That(
            left,
            Is.EquivalentTo(Withheld.Keys.Where(k => k.StartsWith(repository.Table + ".", StringComparison.Ordinal))),
            "Read the column into a member of the record, or add it to Withheld with the reason.");
    }

    [TestCaseSource(nameof(Repositories))]
    public async Task Every_column_is_read_into_the_member_of_its_name(Repository repository)
    {
        var members = repository.Members();
        var flags = members.Values.Count(m => m.PropertyType == typeof(bool));

        // Reads one row per flag with only that flag set, so that exchanged flags are noticed.
        for (var flag = 0; flag <= flags; flag++)
        {
            var literals = Literals(repository, members, flag, nulls: false);
            await AssertReadsAsync(repository, members, literals);
        }

        await AssertReadsAsync(repository, members, Literals(repository, members, 0, nulls: true));
    }

    private async Task AssertReadsAsync(
        Repository repository, Dictionary<string, PropertyInfo> members, List<(string Sql, string? Text)> literals)
    {
        await using var command = Raw.CreateCommand($"SELECT {string.Join(", ", literals.Select(l => l.Sql))}");
        await using var reader = await command.ExecuteReaderAsync(Token);
        var row = new RowReader(reader);
        Assert.That(await row.NextAsync(Token), Is.True);
        var record = repository.Read(row);

        foreach (var (name, literal) in repository.Names.Zip(literals).Where(pair => members.ContainsKey(pair.First)))
        {
            Assert.That(Text(members[name].GetValue(record)), Is.EqualTo(literal.Text), name);
        }
    }

    private static List<(string Sql, string? Text)> Literals(
        Repository repository, Dictionary<string, PropertyInfo> members, int flag, bool nulls)
    {
        var number = 0;
        var flags = 0;
        return repository.Names.ConvertAll<(string, string?)>(name =>
        {
            var n = ++number;
            if (!members.TryGetValue(name, out var member))
            {
                return ("NULL::text", null);
            }

            var type = Nullable.GetUnderlyingType(member.PropertyType) ?? member.PropertyType;
            var sqlType = type == typeof(Guid) ? "uuid"
                : type == typeof(bool) ? "boolean"
                : type == typeof(int) ? "integer"
                : type == typeof(long) ? "bigint"
                : type == typeof(DateTimeOffset) ? "timestamp"
                : type == typeof(JsonElement) ? "jsonb"
                : "text";
            if (nulls && Nullability.Create(member).ReadState == NullabilityState.Nullable)
            {
                return ($"NULL::{sqlType}", null);
            }

            var text = sqlType switch
            {
                "uuid" => new Guid(n, 0, 0, new byte[8]).ToString(),
                "boolean" => ++flags == flag ? "True" : "False",
                "timestamp" => $"2001-01-{n:00} 00:00:00",
                "text" => $"text {n}",
                "jsonb" => $"[{n}]",
                _ => $"{n}",
            };
            return ($"'{text}'::{sqlType}", text);
        });
    }

    private static string? Text(object? value) => value switch
    {
        null => null,
        DateTimeOffset time => time.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    // The columns of the check constraints that take the place of NOT NULL.
    private async Task<HashSet<string>> RequiredAsync(string table)
    {
        var columns = new HashSet<string>();
        await using var command = Raw.CreateCommand(
            """
            SELECT a.attname::text
            FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
            WHERE c.conrelid = $1::regclass AND c.conname = $1 || '_required_check' AND c.convalidated
            """);
        command.Parameters.AddWithValue(table);
        await using var reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token))
        {
            columns.Add(reader.GetString(0));
        }

        return columns;
    }

    public sealed class Repository(Type type, string columns)
    {
        private readonly MethodInfo read = type.GetMethod("Read", BindingFlags.Static | BindingFlags.NonPublic)!;

        public string Columns => columns;

        public string Alias => columns[..columns.IndexOf('.', StringComparison.Ordinal)];

        public List<string> Names { get; } =
            [.. columns.Split(',', StringSplitOptions.TrimEntries).Select(c => c[(c.IndexOf('.', StringComparison.Ordinal) + 1)..])];

        public Type Record => read.ReturnType;

        // A property without a setter is computed of others.
        public PropertyInfo[] Properties => [.. Record.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite)];

        public string Table =>
            Snake(type.Name.Replace("Repository", "", StringComparison.Ordinal)) is var name && name.EndsWith('s') ? name : name + "s";

        internal object Read(RowReader row) => read.Invoke(null, [row])!;

        /// <summary>The member of a column has its name, or the end of it: <c>stage_name</c> is <c>Name</c>.</summary>
        public Dictionary<string, PropertyInfo> Members() => Names.Where(name => !Shared.ContainsKey($"{Table}.{name}")).ToDictionary(
            name => name,
            name => Properties
                .Where(p => name == Snake(p.Name) || name.EndsWith("_" + Snake(p.Name), StringComparison.Ordinal))
                .MaxBy(p => p.Name.Length) ?? throw new InvalidOperationException($"{Record.Name} has no member for {name}."));

        public override string ToString() => type.Name;

        private static string Snake(string name) => string.Concat(
            name.Replace("GitHub", "Github", StringComparison.Ordinal)
                .Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : $"{c}"));
    }
}
