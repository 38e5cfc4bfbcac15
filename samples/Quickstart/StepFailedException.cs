namespace Quickstart;

/// <summary>A step went wrong, for a reason that the owner of the project is told.</summary>
internal sealed class StepFailedException(string message) : Exception(message);
