namespace AutoStack.Data.Postgres;

/// <summary>What may happen to a statement whose connection is lost before its answer has come.</summary>
internal enum Repeat
{
    /// <summary>It may have been carried out, and doing it again would do it twice: the caller is told.</summary>
    Never,

    /// <summary>Done twice it is as done once: a read, or an insert under an id that the client made.</summary>
    WhenConnectionIsLost,
}

/// <summary>The attempts at a call that have failed.</summary>
internal struct Failures
{
    /// <summary>Those that lost their connection, since the last conflict.</summary>
    public int LostConnections { get; set; }

    /// <summary>Those that the server ended in favour of another.</summary>
    public int Conflicts { get; set; }
}
