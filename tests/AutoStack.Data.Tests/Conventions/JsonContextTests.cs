using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AutoStack.Data.Accounts;
using AutoStack.Data.Archives;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Retention;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>The JSON of <see cref="AutoStackDataJsonContext"/> is that of reflection, for every public record.</summary>
public sealed class JsonContextTests
{
    private static readonly JsonSerializerOptions Reflection =
        new(JsonSerializerDefaults.Web) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    private static readonly JsonSerializerOptions Generated =
        new(JsonSerializerDefaults.Web) { TypeInfoResolver = AutoStackDataJsonContext.Default };

    // Why a record is not in the context.
    private static readonly Dictionary<Type, string> LeftOut = new()
    {
        [typeof(ArchiveResult)] = "has an exception",
        [typeof(RetentionResult)] = "has an exception",
        [typeof(RetentionRun)] = "has exceptions",
        [typeof(GitHubTokens)] = "has secrets",
        [typeof(EmailIssueResult)] = "has a token",
        [typeof(IssuedSession)] = "has a token",
        [typeof(NewAccount)] = "has a password",
        [typeof(NewSession)] = "has a client's key",
        [typeof(PasswordChange)] = "has passwords",
        [typeof(ResetIssueResult)] = "has a token",
        [typeof(RotationResult)] = "has a token",
        [typeof(SessionIssueResult)] = "has a token",
        [typeof(SignInAttempt)] = "has a client's key",
        [typeof(UserCredentials)] = "has a password",
        [typeof(UserWithCredentials)] = "has a password",
        [typeof(ProjectPatch)] = "has values that may be left out",
        [typeof(UserPatch)] = "has values that may be left out",
        [typeof(UserPreferencesPatch)] = "has values that may be left out",
        [typeof(RestoreTarget)] = "is a choice of the program",
        [typeof(UpkeepSchedule)] = "is a setting with rules",
        [typeof(RetentionRunOptions)] = "has a schedule",
    };

    private static Type[] Exported { get; } = typeof(IUnitOfWork).Assembly.GetExportedTypes();

    private static IEnumerable<Type> Records => Exported.Where(type => !type.IsGenericType && IsRecord(type));

    private static IEnumerable<Type> Pages => Exported.Where(type => type.IsInterface).SelectMany(type => type.GetMethods())
        .SelectMany(method => method.ReturnType.GetGenericArguments())
        .Where(type => type.IsGenericType && type.Name is "Page`1" or "LogPage`1").Distinct();

    private static IEnumerable<Type> Serialized =>
        Records.Except(LeftOut.Keys).Concat(Pages).Append(typeof(Cursor)).Append(typeof(ReadToken));

    [TestCaseSource(nameof(Serialized))]
    public void A_record_has_the_same_JSON_as_by_reflection_and_reads_back(Type type)
    {
        foreach (var isFull in new[] { true, false })
        {
            var value = new PublicValues(isFull).Create(type);

            var json = JsonSerializer.Serialize(value, type, Generated);

            Assert.That(json, Is.EqualTo(JsonSerializer.Serialize(value, type, Reflection)));
            Assert.That(JsonSerializer.Serialize(JsonSerializer.Deserialize(json, type, Generated), type, Generated), Is.EqualTo(json));
        }
    }

    [Test]
    public void Text_values_and_cursors_are_texts_and_unknown_texts_stay()
    {
        var page = new LogPage<DeploymentLog>([], Cursor.Start, Cursor.Parse("s.17"));
        var change = new StageChange { Name = StageName.From("compressing"), Status = StageStatus.InProgress };

        Assert.That(
            JsonSerializer.Serialize(page, AutoStackDataJsonContext.Default.LogPageDeploymentLog),
            Is.EqualTo("""{"items":[],"before":"start","after":"s.17"}"""));
        Assert.That(
            JsonSerializer.Serialize(change, AutoStackDataJsonContext.Default.StageChange),
            Is.EqualTo("""{"name":"compressing","status":"in_progress","errorMessage":null}"""));
    }

    [Test]
    public void The_texts_of_each_text_value_are_listed()
    {
        var textual = Exported.Where(type => type.GetCustomAttribute<JsonConverterAttribute>() is not null).ToList();

        Assert.That(textual, Has.Count.GreaterThan(10));
        Assert.That(textual.Where(type => TextValues.TextsOf(type) is null), Is.Empty, "TextValues must know these types.");
        Assert.That(TextValues.TextsOf(typeof(Theme?)), Is.EqualTo(new[] { "light", "dark", "system" }));
        Assert.That(TextValues.TextsOf(typeof(Cursor)), Is.Empty);
        Assert.That(TextValues.TextsOf(typeof(Deployment)), Is.Null);
    }

    // Also not behind a property.
    [Test]
    public void No_type_of_the_context_reaches_a_secret()
    {
        var reached = new HashSet<Type>();
        foreach (var type in Serialized)
        {
            Visit(type);
        }

        Assert.That(reached, Has.Count.GreaterThan(100));
        Assert.That(reached.Where(type => type.GetMethod("Reveal") is not null), Is.Empty);

        void Visit(Type type)
        {
            if (reached.Add(type) && Generated.TryGetTypeInfo(type, out var info))
            {
                foreach (var next in info.Properties.Select(property => property.PropertyType).Append(info.ElementType).OfType<Type>())
                {
                    Visit(Nullable.GetUnderlyingType(next) ?? next);
                }
            }
        }
    }

    [Test]
    public void A_record_with_a_secret_is_refused() => Assert.That(
        LeftOut.Keys.Where(type => AutoStackDataJsonContext.Default.GetTypeInfo(type) is not null), Is.Empty);

    private static bool IsRecord(Type type) => !type.IsEnum && !type.IsAbstract
        && (type.GetMethod("<Clone>$") is not null
            || type.IsValueType && type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is not null);
}
