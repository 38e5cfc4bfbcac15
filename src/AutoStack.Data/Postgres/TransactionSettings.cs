using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Values that the server sees for one transaction: its first statement sets them, in the same round trip as the next. Nothing is left in
/// the session, which a pooler gives to other clients.
/// </summary>
/// <param name="actor">Returns who acts now; null for the owner that the statement names.</param>
internal sealed class TransactionSettings(Func<string?> actor)
{
    /// <summary>The setting that triggers read: <c>current_setting('autostack.actor', TRUE)</c>.</summary>
    public const string Actor = "autostack.actor";

    // As long as the longest column that stores a name.
    private const int MaxLength = 255;
    private const string SetActor = $"SELECT pg_catalog.set_config('{Actor}', @actor, TRUE)";

    /// <summary>Sets the actor for the rest of the transaction; empty for none.</summary>
    public static Statement Set(string actor) => new(SetActor, P.Text(actor));

    /// <summary>
    /// Who acts: what the host says, otherwise the owner or the user that a statement names; empty without either. Runs in the context of
    /// the caller.
    /// </summary>
    /// <exception cref="InvalidOperationException">The host's text is longer than 255 characters.</exception>
    public string ActorOf(Statement[] statements)
    {
        if (actor() is not { } given)
        {
            return OwnerOf(statements)?.ToString() ?? "";
        }

        var clean = Text.Clean(given);
        return Text.CountCodePoints(clean) <= MaxLength
            ? clean
            : throw new InvalidOperationException($"AutoStackDataOptions.Actor returned a text longer than {MaxLength} characters.");
    }

    private static Guid? OwnerOf(Statement[] statements)
    {
        foreach (var statement in statements)
        {
            if ((statement.Find("ownerId") ?? statement.Find("userId")) is NpgsqlParameter<Guid> id)
            {
                return id.TypedValue;
            }
        }

        return null;
    }
}
