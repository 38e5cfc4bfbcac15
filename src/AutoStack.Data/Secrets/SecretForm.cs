namespace AutoStack.Data;

/// <summary>The form in which a secret is stored.</summary>
public enum SecretForm
{
    /// <summary>Encrypted, and bound to its row, its owner and its version.</summary>
    Encrypted,

    /// <summary>
    /// Encrypted by an earlier version of the library, and bound to its row only; read while
    /// <see cref="AutoStackDataOptions.AcceptClearSecrets"/> is true.
    /// </summary>
    FirstForm,

    /// <summary>Encrypted, without the version that belongs to the value: it was restored or moved, and does not open.</summary>
    WithoutVersion,

    /// <summary>
    /// In clear, as other programs write it; read while <see cref="AutoStackDataOptions.AcceptClearSecrets"/> is true.
    /// </summary>
    Clear,

    /// <summary>A hash, which needs no key.</summary>
    Hashed,

    /// <summary>Encrypted in a form that this version of the library does not know.</summary>
    Unknown,
}
