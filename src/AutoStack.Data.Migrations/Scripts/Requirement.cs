namespace AutoStack.Data.Migrations.Internal;

/// <summary>What a script needs before it runs, from its header.</summary>
/// <param name="Kind">The kind of requirement.</param>
/// <param name="Name">The set, extension or setting.</param>
/// <param name="Value">The version of the set, or the value of the setting; empty for an extension and an excluded set.</param>
internal sealed record Requirement(RequirementKind Kind, string Name, string Value)
{
    /// <summary>Reads one setting of a header; null when the setting is not a requirement.</summary>
    public static Requirement? Of(string setting) => setting.Split('=', 2) switch
    {
        ["requires", var set] when set.Split(':') is [{ Length: > 0 } name, var version] && int.TryParse(version, out var number)
            && number > 0 => new(RequirementKind.Set, name, version),
        ["requires-extension", { Length: > 0 } extension] => new(RequirementKind.Extension, extension, ""),
        ["requires-setting", var pair] when pair.Split(':', 2) is [{ Length: > 0 } name, { Length: > 0 } value] =>
            new(RequirementKind.Setting, name, value),
        ["excludes", { Length: > 0 } set] => new(RequirementKind.NoSet, set, ""),
        _ => null,
    };
}

/// <summary>The kinds of requirement.</summary>
internal enum RequirementKind
{
    /// <summary>A version of another set.</summary>
    Set,

    /// <summary>An extension in the database.</summary>
    Extension,

    /// <summary>A value of a setting of the server.</summary>
    Setting,

    /// <summary>The absence of another set.</summary>
    NoSet,
}
