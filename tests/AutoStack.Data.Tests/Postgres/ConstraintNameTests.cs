using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Tests.Postgres;

/// <summary>The names of constraints and columns in exceptions, from the fields of the server's error.</summary>
public sealed class ConstraintNameTests
{
    [Test]
    public void A_name_that_the_server_does_not_give_is_null()
    {
        var duplicate = (DuplicateException)Translate("23505");
        var reference = (MissingReferenceException)Translate("23503");
        var check = (InvalidValueException)Translate("23514");

        Assert.That(new[] { duplicate.Constraint, reference.Constraint, check.Constraint }, Is.All.Null);
        Assert.That(duplicate.Message, Does.Contain("unnamed constraint"));
    }

    [Test]
    public void A_check_names_its_constraint_and_a_null_its_column()
    {
        var check = (InvalidValueException)Translate("23514", constraint: "users_theme_check");
        var missing = (InvalidValueException)Translate("23502", column: "email");

        Assert.That((check.Constraint, check.Column), Is.EqualTo(("users_theme_check", (string?)null)));
        Assert.That((missing.Constraint, missing.Column), Is.EqualTo(((string?)null, "email")));
        Assert.That(check.Message, Does.EndWith("(users_theme_check)."));
        Assert.That(missing.Message, Does.EndWith("(email)."));
    }

    private static AutoStackDataException Translate(string state, string? constraint = null, string? column = null) =>
        SqlErrors.Translate(new PostgresException("…", "ERROR", "ERROR", state, columnName: column, constraintName: constraint))!;
}
