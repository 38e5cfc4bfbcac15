namespace AutoStack.Data.SecretRotation;

/// <summary>The number of values of one column, form and key.</summary>
/// <param name="Column">The column, for example <c>projects.env_vars</c>.</param>
/// <param name="Form">The form of the values.</param>
/// <param name="KeyId">The id of the key that the values name; null for values in clear and hashes.</param>
/// <param name="Values">The number of values.</param>
public sealed record SecretCount(string Column, SecretForm Form, string? KeyId, long Values);

/// <summary>A stored value that does not open. The value itself is not shown.</summary>
/// <param name="Column">The column.</param>
/// <param name="RowId">The id of the row.</param>
/// <param name="KeyId">The id of the key that the value names; null for a value in clear.</param>
/// <param name="Reason">Why it does not open.</param>
public sealed record UnreadableSecret(string Column, Guid RowId, string? KeyId, UnreadableReason Reason);

/// <summary>Why a stored value does not open.</summary>
public enum UnreadableReason
{
    /// <summary>The key that the value names is not configured.</summary>
    KeyMissing,

    /// <summary>The key does not open the value: the value was changed, restored or moved, or the row has another owner.</summary>
    Changed,

    /// <summary>The value has lost the version that belongs to it.</summary>
    WithoutVersion,

    /// <summary>
    /// The value is in clear or of the first form, and <see cref="AutoStackDataOptions.AcceptClearSecrets"/> is false.
    /// </summary>
    NotAccepted,

    /// <summary>This version of the library does not know the form of the value.</summary>
    UnknownForm,
}

/// <summary>How far a call has gone through one column.</summary>
/// <param name="Column">The column.</param>
/// <param name="Rows">The number of rows that were read, also of those without a value.</param>
/// <param name="Values">The number of values that were counted, opened or replaced.</param>
public sealed record SecretProgress(string Column, long Rows, long Values);
