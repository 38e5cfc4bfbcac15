using System.Collections.Frozen;
using AutoStack.Data.Accounts;
using AutoStack.Data.Audit;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;

namespace AutoStack.Data;

/// <summary>The types of the library whose JSON is a text, for descriptions of an API such as OpenAPI.</summary>
public static class TextValues
{
    private static readonly FrozenDictionary<Type, IReadOnlyList<string>> Texts = new Dictionary<Type, IReadOnlyList<string>>
    {
        [typeof(AuditAction)] = KnownOf<AuditAction>(),
        [typeof(ContainerStatus)] = KnownOf<ContainerStatus>(),
        [typeof(CreatorType)] = KnownOf<CreatorType>(),
        [typeof(DeploymentLogLevel)] = KnownOf<DeploymentLogLevel>(),
        [typeof(DeploymentStatus)] = KnownOf<DeploymentStatus>(),
        [typeof(EmailPurpose)] = KnownOf<EmailPurpose>(),
        [typeof(ProjectRuntime)] = KnownOf<ProjectRuntime>(),
        [typeof(RuntimeLogSource)] = KnownOf<RuntimeLogSource>(),
        [typeof(StageName)] = KnownOf<StageName>(),
        [typeof(StageStatus)] = KnownOf<StageStatus>(),
        [typeof(Theme)] = KnownOf<Theme>(),
        [typeof(UpkeepOutcome)] = KnownOf<UpkeepOutcome>(),
        [typeof(WebhookProvider)] = KnownOf<WebhookProvider>(),
        [typeof(Cursor)] = [],
        [typeof(GitHubScopes)] = [],
        [typeof(ReadToken)] = [],
    }.ToFrozenDictionary();

    /// <summary>The texts that a type has in JSON.</summary>
    /// <param name="type">A type, or its nullable one.</param>
    /// <returns>
    /// The known texts of a text value, in their natural order; an empty list for a type that may have any text, such as
    /// <see cref="Cursor"/>; null for every other type.
    /// </returns>
    public static IReadOnlyList<string>? TextsOf(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return Texts.GetValueOrDefault(Nullable.GetUnderlyingType(type) ?? type);
    }

    private static string[] KnownOf<T>()
        where T : struct, ITextValue<T> => [.. T.Known.Select(value => value.Value)];
}
