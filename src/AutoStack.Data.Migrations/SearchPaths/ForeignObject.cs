namespace AutoStack.Data.Migrations;

/// <summary>
/// A routine, operator or cast on the search path that has a name of PostgreSQL's own and belongs to a role that does not own the database.
/// A statement that does not name the schema may call it, with the rights of the role that runs the statement.
/// </summary>
/// <param name="Name">The kind and name, for example <c>function public.lower(character varying)</c>.</param>
/// <param name="Owner">
/// The owner: not a superuser, not the owner of the database or schema, and not the migrator's own role or a role that it is a member of.
/// </param>
/// <param name="Statement">The statement that drops the object, without a semicolon.</param>
public sealed record ForeignObject(string Name, string Owner, string Statement);

/// <summary>A schema on the search path in which every role may create objects, as in <c>public</c> of PostgreSQL 14 and older.</summary>
/// <param name="Schema">The name of the schema.</param>
/// <param name="Statement">The statement that revokes the right, without a semicolon.</param>
public sealed record OpenSchema(string Schema, string Statement);

/// <summary>Every role may create objects in a schema on the search path; reported before the plan.</summary>
/// <param name="Open">The schema, and the statement that revokes the right.</param>
public sealed record SchemaIsOpen(OpenSchema Open) : MigrationEvent;
