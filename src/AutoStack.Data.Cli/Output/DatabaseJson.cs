using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Dumping;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>create</c>, <c>drop</c> and <c>dump</c> as JSON.</summary>
/// <remarks>
/// <code>
/// create   {"database":"autostack","created":true,"owner":"ada","encoding":"UTF8","provider":"libc","locale":"C.UTF-8"}
///          created is false when it existed; provider is libc, icu or builtin
/// drop     {"database":"autostack","dropped":true}   dropped is false when there was none
/// dump     {"objects":321,"file":null,"sql":"…"}   sql is null when a file was written
/// </code>
/// </remarks>
internal static class DatabaseJson
{
    public static object Created(DatabaseFacts facts, bool created) => new
    {
        Database = facts.Name,
        Created = created,
        facts.Owner,
        facts.Encoding,
        facts.Provider,
        facts.Locale,
    };

    public static object Dropped(string name, bool dropped) => new { Database = name, Dropped = dropped };

    public static object Dumped(SchemaDump dump, string? file) => new { dump.Objects, File = file, Sql = file is null ? dump.Text : null };
}
