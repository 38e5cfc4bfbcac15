namespace AutoStack.Data.Tests.LostAnswers;

/// <summary>A call of a writing method, over rows of its own.</summary>
/// <param name="Call">Calls the method through the services of a host; may be called twice, with the same arguments.</param>
/// <param name="Check">Asserts the result, and that the rows are those of one execution.</param>
public sealed record Write(Func<IServiceProvider, Task<object?>> Call, Func<object?, Told, Task> Check);

/// <summary>How often the server was told to carry out a call.</summary>
public enum Told
{
    /// <summary>Once.</summary>
    Once,

    /// <summary>Twice, by the library, because the first answer was lost.</summary>
    AgainByTheLibrary,

    /// <summary>Twice, by the caller, who got an exception because the first answer was lost.</summary>
    AgainByTheCaller,
}
