using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Tests.Postgres;

/// <summary>Errors in the forms in which Citus reports the violations of a shard's constraints, without a server.</summary>
public sealed class ShardErrorTests
{
    [TestCase("23505", "users_email_key", "users_email_key")]
    [TestCase("23505", "deployments_pkey_102008", "deployments_pkey")]
    [TestCase("23505", "users_lower_email_key_102011", "users_email_key")]
    [TestCase("23505", "totals_2026_key", "totals_2026_key")]
    [TestCase("23505", "totals_2026", "totals_2026")]
    public void A_unique_violation_names_the_constraint_of_the_table(string state, string reported, string expected) =>
        Assert.That(SqlErrors.Translate(Error(state, "…", reported)), Is.TypeOf<DuplicateException>()
            .With.Property(nameof(DuplicateException.Constraint)).EqualTo(expected));

    [TestCase("XX000")]
    [TestCase("23505")]
    public void A_unique_violation_without_fields_is_read_from_its_message(string state) =>
        Assert.That(
            SqlErrors.Translate(Error(state, "duplicate key value violates unique constraint \"deployment_logs_pkey_102008\"")),
            Is.TypeOf<DuplicateException>().With.Property(nameof(DuplicateException.Constraint)).EqualTo("deployment_logs_pkey"));

    [Test]
    public void So_is_the_violation_of_a_foreign_key()
    {
        var error = Error("XX000", "insert or update on table \"deployment_logs_102008\" violates foreign key constraint "
            + "\"deployment_logs_deployment_id_fkey_102008\"");

        Assert.That(SqlErrors.Translate(error), Is.TypeOf<MissingReferenceException>()
            .With.Property(nameof(MissingReferenceException.Constraint)).EqualTo("deployment_logs_deployment_id_fkey"));
        Assert.That((SqlErrors.IsOfTheValues(error), SqlErrors.IsTransient(error)), Is.EqualTo((true, false)));
    }

    [TestCase("new row for relation \"deployment_logs_102008\" violates check constraint \"deployment_logs_required_check_102008\"",
        "deployment_logs_required_check")]
    [TestCase("null value in column \"message\" of relation \"deployment_logs_102008\" violates not-null constraint", null)]
    public void So_is_a_value_that_the_table_refuses(string message, string? constraint)
    {
        var error = Error("XX000", message);

        Assert.That(SqlErrors.Translate(error), Is.TypeOf<InvalidValueException>()
            .With.Property(nameof(InvalidValueException.Constraint)).EqualTo(constraint));
        Assert.That((SqlErrors.IsOfTheValues(error), SqlErrors.IsTransient(error)), Is.EqualTo((true, false)));
    }

    [Test]
    public void Another_internal_error_stays_one()
    {
        var error = Error("XX000", "could not find the constraint \"a_102008\"");

        Assert.That(SqlErrors.Translate(error), Is.Null);
        Assert.That(ShardErrors.Constraint(error), Is.Null);
        Assert.That((SqlErrors.IsOfTheValues(error), SqlErrors.IsTransient(error)), Is.EqualTo((false, true)));
    }

    [Test]
    public void The_state_of_any_other_error_is_not_read_from_its_message() =>
        Assert.That(ShardErrors.SqlState(Error("P0001", "this violates unique constraint \"a\"")), Is.EqualTo("P0001"));

    [Test]
    public void A_node_that_is_away_is_reported_as_such() => Assert.That(
        SqlErrors.Translate(Error("08006", "connection to the remote node failed")),
        Is.TypeOf<DatabaseUnavailableException>().With.Property(nameof(AutoStackDataException.OutcomeUnknown)).False);

    private static PostgresException Error(string state, string message, string? constraint = null) =>
        new(message, "ERROR", "ERROR", state, constraintName: constraint);
}
