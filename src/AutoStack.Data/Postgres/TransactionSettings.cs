using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// What the server is told about a transaction: who acts, for whom, and how to plan. A statement that precedes those of the call sets all
/// of it in the same round trip, for the transaction only: nothing is left in the session, which a pooler gives to other clients.
/// </summary>
/// <param name="actor">Returns who acts now, or null for the owner that the statement names; null to tell nobody.</param>
/// <param name="tenants">Under whose rights the statements of an owner run; null for those of the connection.</param>
internal sealed class TransactionSettings(Func<string?>? actor, TenantAccess? tenants)
{
    /// <summary>The setting that triggers read: <c>current_setting('autostack.actor', TRUE)</c>.</summary>
    public const string Actor = "autostack.actor";

    /// <summary>The setting that policies read: the user whose rows the transaction may reach.</summary>
    public const string UserId = "autostack.user_id";

    /// <summary>The deployment that the statements are about, so that its owner is looked up once instead of per row.</summary>
    public const string DeploymentId = "autostack.deployment_id";

    // As long as the longest column that stores a name.
    private const int MaxLength = 255;
    private const string SetActor = $"SELECT pg_catalog.set_config('{Actor}', @actor, TRUE)";

    private const string SetPlans = $"""
        SELECT pg_catalog.set_config('{Actor}', @actor, TRUE), pg_catalog.set_config('plan_cache_mode', @plans, TRUE)
        """;

    // A value that is NULL goes back to that of the session.
    private const string SetTenant = $"""
        SELECT pg_catalog.set_config('{UserId}', @user, TRUE), pg_catalog.set_config('{DeploymentId}', @deployment, TRUE),
            pg_catalog.set_config('role', @role, TRUE)
        """;

    private const string SetAll = $"""
        SELECT pg_catalog.set_config('{Actor}', @actor, TRUE), pg_catalog.set_config('plan_cache_mode', @plans, TRUE),
            pg_catalog.set_config('{UserId}', @user, TRUE), pg_catalog.set_config('{DeploymentId}', @deployment, TRUE),
            pg_catalog.set_config('role', @role, TRUE)
        """;

    /// <summary>What to tell the server about a call; null for nothing. Runs in the context of the caller.</summary>
    /// <exception cref="InvalidOperationException">The host's text for the actor is longer than 255 characters.</exception>
    public TransactionValues? Of(Statement[] statements, Access access)
    {
        var plans = PlansOf(statements);
        var acting = actor is null || access == Access.Read ? null : ActorOf(actor, statements);
        if (tenants is not null && OwnerOf(statements) is { } owner)
        {
            return new TransactionValues(acting, tenants.IdentityOf(owner), DeploymentOf(statements)?.ToString(), tenants.Role, plans);
        }

        return acting is null && plans is null ? null : new TransactionValues(acting, User: null, Deployment: null, Role: null, plans);
    }

    /// <summary>The statement that sets values; null when they are set.</summary>
    /// <param name="values">The values, with an actor.</param>
    /// <param name="last">What the transaction was told last.</param>
    public static Statement? Set(TransactionValues values, TransactionValues last)
    {
        if (values == last)
        {
            return null;
        }

        NpgsqlParameter[] acting = [P.TextOrNull(values.Actor, name: "actor")];
        NpgsqlParameter[] planning = [P.TextOrNull(values.Plans, name: "plans")];
        var isSameTenant = values with { Actor = last.Actor, Plans = last.Plans } == last;
        return isSameTenant && values.Plans == last.Plans ? new(SetActor, acting)
            : isSameTenant ? new(SetPlans, [.. acting, .. planning])
            : values.Actor == last.Actor && values.Plans == last.Plans ? new(SetTenant, Tenant())
            : new(SetAll, [.. acting, .. planning, .. Tenant()]);

        NpgsqlParameter[] Tenant() =>
        [
            P.TextOrNull(values.User, name: "user"),
            P.TextOrNull(values.Deployment, name: "deployment"),
            P.TextOrNull(values.Role, name: "role"),
        ];
    }

    // What the host says, otherwise the owner or the user that a statement names; empty without either.
    private static string ActorOf(Func<string?> actor, Statement[] statements)
    {
        if (actor() is not { } given)
        {
            return (OwnerOf(statements) ?? First(statements, static statement => statement.UserId))?.ToString() ?? "";
        }

        var clean = Text.Clean(given);
        return Text.CountCodePoints(clean) <= MaxLength
            ? clean
            : throw new InvalidOperationException($"AutoStackDataOptions.Actor returned a text longer than {MaxLength} characters.");
    }

    private static Guid? OwnerOf(Statement[] statements) => First(statements, static statement => statement.OwnerId);

    private static Guid? DeploymentOf(Statement[] statements) => First(statements, static statement => statement.DeploymentId);

    private static Guid? First(Statement[] statements, Func<Statement, Guid?> find)
    {
        foreach (var statement in statements)
        {
            if (find(statement) is { } id)
            {
                return id;
            }
        }

        return null;
    }

    private static string? PlansOf(Statement[] statements)
    {
        foreach (var statement in statements)
        {
            if (statement.IsPlannedForItsValues)
            {
                return "force_custom_plan";
            }
        }

        return null;
    }
}

/// <summary>What a transaction is told.</summary>
/// <param name="Actor">Who acts; empty for nobody, null for whom the transaction has.</param>
/// <param name="User">The identity of the user, as the policies read it; null for none.</param>
/// <param name="Deployment">The deployment that the statements are about; null for none.</param>
/// <param name="Role">The role; null for that of the session.</param>
/// <param name="Plans">The setting <c>plan_cache_mode</c>; null for that of the session.</param>
internal sealed record TransactionValues(string? Actor, string? User, string? Deployment, string? Role, string? Plans)
{
    /// <summary>What a new transaction has.</summary>
    public static readonly TransactionValues None = new("", null, null, null, null);

    /// <summary>What a call without values asks for.</summary>
    public static readonly TransactionValues Unnamed = None with { Actor = null };

    /// <summary>The values after those of an earlier call: a call that names no actor leaves it.</summary>
    public TransactionValues After(TransactionValues last) => Actor is null ? this with { Actor = last.Actor } : this;
}
