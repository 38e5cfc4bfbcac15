using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Roles;

/// <summary>A change of rights in words, and as a statement.</summary>
internal static class RoleLine
{
    private const int MaxInStatement = 10;
    private const int MaxFunctions = 5;

    /// <summary>The objects of a change: <c>the tables projects, users</c>, <c>future tables in public of autostack_owner</c>.</summary>
    public static string Objects(RoleChange change)
    {
        var names = Visible.Text(Shortened(change));
        var several = change.Objects.Count > 1;
        return change.Kind switch
        {
            "database" => $"the database {names}",
            "schema" => $"the schema {names}",
            "table" or "column" => several ? $"the tables {names}" : $"the table {names}",
            "sequence" => several ? $"the sequences {names}" : $"the sequence {names}",
            "function" => several ? $"the functions {names}" : $"the function {names}",
            "default" => $"future {names}",
            "owner" => Owned(change),
            _ => names,
        };
    }

    /// <summary>The rights of a change: <c>SELECT, INSERT</c>; those of columns as <c>SELECT (id, name)</c>.</summary>
    public static string Rights(RoleChange change) => Visible.Text(
        change.Kind != "column" || change.Rights.Any(right => !right.EndsWith(')') || Split(right).Others[0] != '(')
        ? string.Join(", ", change.Rights)
        : string.Join(", ", change.Rights.Select(Split).GroupBy(right => right.First)
            .Select(right => $"{right.Key} ({string.Join(", ", right.Select(column => column.Others.Trim('(', ')')))})")));

    /// <summary>The change in one line.</summary>
    public static string Of(RoleChange change)
    {
        var (role, rights) = (Visible.Text(change.Role), Rights(change));
        return change.Action switch
        {
            RoleAction.Create => $"create  {role}{(rights.Length == 0 ? "" : $" ({rights})")}",
            RoleAction.Alter => $"alter   {role}: {rights}",
            RoleAction.Own => $"owner   {role} → {rights}: {Objects(change)}",
            RoleAction.Set => $"set     {role}: {Objects(change)} = {rights}",
            RoleAction.Reset => $"reset   {role}: {Objects(change)}",
            RoleAction.Grant when change.Kind == "member" => $"grant   {Objects(change)} to {role}",
            RoleAction.Grant => $"grant   {role}: {rights} on {Objects(change)}",
            _ when change.Kind == "member" => $"revoke  {Objects(change)} from {role}",
            _ => $"revoke  {role}: {rights} on {Objects(change)}",
        };
    }

    /// <summary>The statement that makes a change; null where the script of the roles needs several.</summary>
    public static string? Statement(RoleChange change, string database)
    {
        if (change.Objects.Count > MaxInStatement || change.Kind == "default")
        {
            return null;
        }

        var role = change.Role == "PUBLIC" ? change.Role : Names.Sql(change.Role);
        switch (change.Action)
        {
            case RoleAction.Alter:
                return $"ALTER ROLE {role} {string.Join(' ', change.Rights)}";
            case RoleAction.Set when change.Rights is [var value]:
                return SqlCopy.Of($"ALTER ROLE {role} IN DATABASE {Names.Sql(database)} SET {change.Objects[0]} = " +
                    $"'{value.Replace("'", "''", StringComparison.Ordinal)}'");
            case RoleAction.Reset:
                return SqlCopy.Of($"ALTER ROLE {role} IN DATABASE {Names.Sql(database)} RESET {change.Objects[0]}");
            case RoleAction.Own when change.Objects is [var only] && only.StartsWith("table ", StringComparison.Ordinal):
                return $"ALTER TABLE {Names.Sql("public", only["table ".Length..])} OWNER TO {Names.Sql(change.Rights[0])}";
            case RoleAction.Grant or RoleAction.Revoke:
                var (verb, to) = change.Action == RoleAction.Grant ? ("GRANT", "TO") : ("REVOKE", "FROM");
                return $"{verb} {What(change)} {to} {role}";
            default:
                return null;
        }
    }

    // PostgreSQL has tens of functions that the script restricts; JSON has them all.
    private static string Shortened(RoleChange change) => change.Kind == "function" && change.Objects.Count > MaxInStatement
        ? $"{string.Join(", ", change.Objects.Take(MaxFunctions))} and {change.Objects.Count - MaxFunctions} more"
        : string.Join(", ", change.Objects);

    // The objects begin with their kind: table users.
    private static string Owned(RoleChange change) => string.Join("; ", change.Objects
        .Select(Split)
        .GroupBy(owned => owned.First)
        .Select(kind => $"the {kind.Key}{(kind.Count() == 1 ? "" : "s")} " +
            Visible.Text(string.Join(", ", kind.Select(owned => owned.Others)))));

    private static (string First, string Others) Split(string text) =>
        text.IndexOf(' ', StringComparison.Ordinal) is var blank ? (text[..blank], text[(blank + 1)..]) : default;

    private static string What(RoleChange change)
    {
        var option = change.Rights[0].StartsWith(RoleChange.GrantOption, StringComparison.Ordinal) ? RoleChange.GrantOption : "";
        var rights = option + string.Join(", ", change.Rights.Select(right => right[option.Length..]
            .Replace(" WITH GRANT OPTION", "", StringComparison.Ordinal)));
        return change.Kind switch
        {
            "member" => string.Join(", ", change.Objects.Select(Names.Sql)),
            "column" or "table" or "sequence" =>
                $"{SqlCopy.Of(rights)} ON {(change.Kind == "sequence" ? "SEQUENCE" : "TABLE")} " +
                $"{string.Join(", ", change.Objects.Select(name => Names.Sql("public", name)))}",
            "function" => $"{rights} ON ROUTINE {SqlCopy.Of(string.Join(", ", change.Objects))}",
            _ => $"{rights} ON {change.Kind.ToUpperInvariant()} {string.Join(", ", change.Objects.Select(Names.Sql))}",
        };
    }
}
