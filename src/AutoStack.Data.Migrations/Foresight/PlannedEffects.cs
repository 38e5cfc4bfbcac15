using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>An effect of a plan and its place: effects of one plan are numbered in the order of the run.</summary>
/// <param name="Effect">The effect.</param>
/// <param name="Step">The script.</param>
/// <param name="Order">The number of the effect.</param>
/// <param name="Last">The number of the last effect of the same statement.</param>
internal sealed record PlannedEffect(Effect Effect, MigrationStep Step, int Order, int Last);

/// <summary>
/// The effects of a plan in order, and which names no longer mean at some place what they mean in the catalog before the run. A name that
/// an earlier statement creates, drops or only mentions in code is left to the run: a forecast that is not certain is not made.
/// </summary>
internal sealed partial class PlannedEffects
{
    private readonly List<PlannedEffect> effects = [];
    private readonly Dictionary<string, int> changed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> mentioned = new(StringComparer.Ordinal);

    private readonly Dictionary<MigrationStep, int> starts = [];

    /// <summary>The effects in the order of the run.</summary>
    public IReadOnlyList<PlannedEffect> All => effects;

    public static PlannedEffects Of(IEnumerable<MigrationStep> steps)
    {
        var plan = new PlannedEffects();
        foreach (var step in steps)
        {
            plan.Add(step);
        }

        return plan;
    }

    /// <summary>True when an earlier statement creates, drops or renames the object.</summary>
    public bool IsChanged(string name, int order) => changed.TryGetValue(name, out var at) && at < order;

    /// <summary>True when an earlier statement changes the object, or runs code that mentions its name.</summary>
    public bool IsUncertain(string name, int order) =>
        IsChanged(name, order) || (mentioned.TryGetValue(Last(name), out var at) && at < order);

    /// <summary>The name of a column, constraint or trigger of a table.</summary>
    public static string PartOf(Effect effect) => $"{effect.Name}.{effect.Part}";

    /// <summary>The number of the first effect of a script, also when the script has none.</summary>
    public int StartOf(MigrationStep step) => starts[step];

    private void Add(MigrationStep step)
    {
        starts[step] = effects.Count;
        var renamed = false;
        foreach (var statement in step.Statements)
        {
            // After SET search_path or SET ROLE the rest of the script means other objects, or has other rights.
            renamed |= Effects.ChangesNames(statement);
            var own = renamed ? [] : Effects.Of(statement);
            var last = effects.Count + own.Count - 1;
            foreach (var effect in own)
            {
                effects.Add(new PlannedEffect(effect, step, effects.Count, last));
                if (Renews(effect) is { } name)
                {
                    changed.TryAdd(name, effects.Count - 1);
                }
            }

            if (renamed || Effects.IsOpaque(statement) || own.Any(effect => effect.Kind == EffectKind.CreateRoutine))
            {
                Mention(statement);
            }
        }
    }

    private static string? Renews(Effect effect) => effect.Kind switch
    {
        EffectKind.Touch => effect.Part is null ? effect.Name : PartOf(effect),
        EffectKind.AddColumn or EffectKind.AddConstraint or EffectKind.AddTrigger or EffectKind.AddPolicy => PartOf(effect),
        EffectKind.CreateRelation or EffectKind.CreateType or EffectKind.CreateRoutine or EffectKind.CreateSchema
            or EffectKind.CreateExtension => effect.Name,
        _ => null,
    };

    // Code may build the names that it uses; each word of it counts as one.
    private void Mention(SqlStatement statement)
    {
        foreach (var token in statement.Tokens)
        {
            foreach (var word in token.IsName ? [token.Name] : Word().Matches(token.Text).Select(m => m.Value.ToLowerInvariant()))
            {
                mentioned.TryAdd(word, effects.Count - 1);
            }
        }
    }

    private static string Last(string name) => name[(name.LastIndexOf('.') + 1)..];

    [GeneratedRegex(@"\w+", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
