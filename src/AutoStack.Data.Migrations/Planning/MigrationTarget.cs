using System.Globalization;

namespace AutoStack.Data.Migrations;

/// <summary>
/// The version to reach: the newest, none, a version by number, or a number of versions from the current one. <see cref="Head"/> alone is
/// the newest version of every set; any other target is a version of the core unless <see cref="In"/> names another set.
/// </summary>
public readonly record struct MigrationTarget
{
    private enum Kind { Head, Base, Version, Relative }

    private readonly Kind kind;
    private readonly int number;

    private MigrationTarget(Kind kind, int number = 0, string? set = null) => (this.kind, this.number, Set) = (kind, number, set);

    /// <summary>The script set that the target names; null for a target that names no set.</summary>
    public string? Set { get; }

    /// <summary>The newest version of every set: the core, the enabled features, and the sets of the migrator's options.</summary>
    public static MigrationTarget Head { get; } = new(Kind.Head);

    /// <summary>The state before the first script: no table is left.</summary>
    public static MigrationTarget Base { get; } = new(Kind.Base);

    /// <summary>A version by number.</summary>
    /// <param name="version">The number; at least 1.</param>
    /// <returns>The target.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="version"/> is below 1.</exception>
    public static MigrationTarget Version(int version)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        return new(Kind.Version, version);
    }

    /// <summary>A number of versions after or before the current one.</summary>
    /// <param name="steps">Above zero to upgrade, below zero to downgrade; not zero.</param>
    /// <returns>The target.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is zero.</exception>
    public static MigrationTarget Relative(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfZero(steps);
        return new(Kind.Relative, steps);
    }

    /// <summary>The same target in one script set; no other set is changed.</summary>
    /// <param name="set">The name of the set, for example <c>billing</c>. A feature that is not enabled yet is enabled.</param>
    /// <returns>The target.</returns>
    /// <exception cref="ArgumentException"><paramref name="set"/> is null or blank.</exception>
    public MigrationTarget In(string set)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(set);
        return new(kind, number, set);
    }

    /// <summary>True when every set is brought to its newest version.</summary>
    internal bool IsEverySet => Set is null && kind == Kind.Head;

    /// <summary>True when the newest version is the target, so that repeatable scripts run, too.</summary>
    internal bool IsHead => kind == Kind.Head;

    /// <summary>Parses a target of the console: <c>head</c>, <c>base</c>, <c>+2</c>, <c>-1</c>, <c>12</c> or <c>0012</c>.</summary>
    /// <param name="text">The text; case is ignored.</param>
    /// <param name="target">The target when the method returns true.</param>
    /// <returns>False when the text is not a target.</returns>
    public static bool TryParse(string? text, out MigrationTarget target)
    {
        target = default;
        text = text?.Trim();
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        if (text.Equals("head", StringComparison.OrdinalIgnoreCase))
        {
            target = Head;
            return true;
        }

        if (text.Equals("base", StringComparison.OrdinalIgnoreCase))
        {
            target = Base;
            return true;
        }

        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) || number == 0)
        {
            return false;
        }

        target = text[0] is '+' or '-' ? Relative(number) : Version(number);
        return true;
    }

    /// <summary>The version number; 0 for the base.</summary>
    internal int Resolve(int current, int head) => kind switch
    {
        Kind.Head => head,
        Kind.Base => 0,
        Kind.Version => number,
        _ => current + number,
    };

    /// <inheritdoc/>
    public override string ToString() => kind switch
    {
        Kind.Head => "head",
        Kind.Base => "base",
        Kind.Version => number.ToString(CultureInfo.InvariantCulture),
        _ => number.ToString("+0;-0", CultureInfo.InvariantCulture),
    };
}
