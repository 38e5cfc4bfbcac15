namespace AutoStack.Data.Postgres;

/// <summary>
/// Whether a call may change rows. Either kind is sent again once when its connection is lost before the answer: a change recognises its
/// own effect.
/// </summary>
internal enum Access
{
    /// <summary>The call only reads.</summary>
    Read,

    /// <summary>The call changes rows.</summary>
    Write,
}
