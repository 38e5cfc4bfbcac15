namespace AutoStack.Data.Migrations;

/// <summary>
/// A routine, operator or cast that a role without a right to it has put where names are looked up, under a name of PostgreSQL's own. A statement that does not
/// name a schema may call it with the rights of whoever runs the statement.
/// </summary>
/// <param name="Name">What it is, for example <c>function public.lower(character varying)</c>.</param>
/// <param name="Owner">The role that owns it: neither a superuser nor the owner of the database or schema, nor the migrator's own role or one that it is a member of.</param>
/// <param name="Statement">The statement that removes it, without a semicolon.</param>
public sealed record ForeignObject(string Name, string Owner, string Statement);

/// <summary>A schema on the search path in which every role may create objects, as PostgreSQL 14 and older set up <c>public</c>.</summary>
/// <param name="Schema">Its name.</param>
/// <param name="Statement">The statement that ends it, without a semicolon.</param>
public sealed record OpenSchema(string Schema, string Statement);
