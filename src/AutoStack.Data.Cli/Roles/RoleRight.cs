namespace AutoStack.Data.Cli.Roles;

/// <summary>One row of what the script of the roles decides.</summary>
/// <param name="Kind">
/// The kind of object: <c>database</c>, <c>schema</c>, <c>table</c>, <c>column</c>, <c>sequence</c>, <c>function</c>, <c>default</c>;
/// <c>owner</c>, <c>role</c>, <c>member</c> and <c>setting</c> have no rights in the sense of GRANT. The object of a column is its table.
/// </param>
/// <param name="Object">The object; of a setting its name.</param>
/// <param name="Role">The role that has it; <c>PUBLIC</c> for everybody.</param>
/// <param name="Right">The privilege, of a column <c>SELECT (name)</c>; the attribute of a role, or the value of a setting.</param>
internal sealed record RoleRight(string Kind, string Object, string Role, string Right);
