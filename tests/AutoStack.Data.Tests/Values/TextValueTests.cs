using System.Text.Json;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;

namespace AutoStack.Data.Tests.Values;

public sealed class TextValueTests
{
    [Test]
    public void A_refused_value_is_not_part_of_the_message()
    {
        var hostile = "hunter2\nwarn: FORGED LOG LINE\u001b[2J" + new string('x', 1_000_000);

        var refused = Assert.Throws<ArgumentException>(() => AutoStack.Data.Postgres.P.Written(StageName.From(hostile), "stage"))!;
        var step = Assert.Throws<ArgumentException>(() => AutoStack.Data.Postgres.P.Of(DeploymentStatus.From(hostile), "status"))!;

        foreach (var message in new[] { refused.Message, step.Message })
        {
            Assert.That(message, Has.Length.LessThan(500).And.Not.Contain("hunter2").And.Not.Contain("\n").And.Not.Contain("\u001b"));
        }

        Assert.That(refused.Message, Does.Contain("stage").And.Contain(StageName.Known[0].Value));
    }

    [Test]
    public void Equality_ignores_case_and_the_text_is_preserved()
    {
        var title = StageName.From("Building");

        Assert.That(title, Is.EqualTo(StageName.Building));
        Assert.That(title.GetHashCode(), Is.EqualTo(StageName.Building.GetHashCode()));
        Assert.That(title == StageName.Building, Is.True);
        Assert.That((title.Value, title.IsKnown), Is.EqualTo(("Building", true)));
        Assert.That($"{title}", Is.EqualTo("Building"));
    }

    [Test]
    public void An_unknown_value_is_not_known()
    {
        Assert.That(DeploymentStatus.From("deploying").IsKnown, Is.False);
        Assert.That(default(DeploymentStatus).IsKnown, Is.False);
        Assert.That(default(DeploymentStatus).Value, Is.Empty);
        Assert.That(() => DeploymentStatus.From(null!), Throws.ArgumentNullException);
    }

    [Test]
    public void Values_and_keys_are_serialized_as_their_text()
    {
        var json = JsonSerializer.Serialize(new Dictionary<StageName, StageStatus?>
        {
            [StageName.Building] = StageStatus.InProgress,
            [StageName.Copying] = null,
        });

        Assert.That(json, Is.EqualTo("""{"building":"in_progress","copying":null}"""));
        var read = JsonSerializer.Deserialize<Dictionary<StageName, StageStatus?>>(json)!;
        Assert.That(read[StageName.From("BUILDING")], Is.EqualTo(StageStatus.InProgress));
        Assert.That(JsonSerializer.Deserialize<DeploymentStatus>("\"odd\"").Value, Is.EqualTo("odd"));
        Assert.That(
            () => JsonSerializer.Deserialize<DeploymentStatus>("1"),
            Throws.TypeOf<JsonException>().With.Message.Contains("DeploymentStatus is a string."));
    }

    [Test]
    public void A_converter_without_a_writer_names_it()
    {
        var (converter, options) = (new TextValueConverter<StageName>(), new JsonSerializerOptions());

        Assert.That(
            () => converter.Write(null!, default, options), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("writer"));
        Assert.That(
            () => converter.WriteAsPropertyName(null!, default, options),
            Throws.ArgumentNullException.With.Property("ParamName").EqualTo("writer"));
    }

    [Test]
    public void Known_values_are_the_documented_ones()
    {
        Assert.That(Texts<DeploymentStatus>(), Is.EqualTo("queued cloning checkout installing building copying success failed cancelled"));
        Assert.That(Texts<StageName>(), Is.EqualTo("queued cloning checkout installing building copying deploying"));
        Assert.That(Texts<StageStatus>(), Is.EqualTo("pending in_progress completed failed cancelled"));
        Assert.That(Texts<ContainerStatus>(), Is.EqualTo("starting running stopped failed"));
        Assert.That(Texts<CreatorType>(), Is.EqualTo("manual webhook scheduled"));
        Assert.That(Texts<DeploymentLogLevel>(), Is.EqualTo("debug info warning error"));
        Assert.That(Texts<Data.Projects.ProjectRuntime>(), Is.EqualTo("static docker nodejs"));
        Assert.That(Texts<Data.WebhookProvider>(), Is.EqualTo("github gitlab bitbucket"));
        Assert.That(Texts<UpkeepOutcome>(), Is.EqualTo("completed partial failed"));

        static string Texts<T>()
            where T : struct, ITextValue<T> => string.Join(' ', T.Known);
    }
}
