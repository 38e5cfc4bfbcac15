namespace AutoStack.Data.Monitoring;

/// <summary>How grave a <see cref="Finding"/> is.</summary>
public enum Severity
{
    /// <summary>Worth knowing, for example something that the role may not see. No alert.</summary>
    Information,

    /// <summary>To be mended in working hours: it costs speed or safety, or becomes an error later.</summary>
    Warning,

    /// <summary>To be mended at once: data, security or the service is at risk.</summary>
    Error,
}
