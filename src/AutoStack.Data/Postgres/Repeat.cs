namespace AutoStack.Data.Postgres;

/// <summary>Whether a statement is sent again when its connection is lost before the answer.</summary>
internal enum Repeat
{
    /// <summary>Never: the statement may have been carried out, and a second time would change more.</summary>
    Never,

    /// <summary>Once: carried out twice, the statement has the effect of one time. An insert under an id that the client chose.</summary>
    WhenConnectionIsLost,

    /// <summary>Once: the statement only reads, so that nothing of it can be stored.</summary>
    Read,
}
