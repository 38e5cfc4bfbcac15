using System.Diagnostics;

namespace AutoStack.Data.Analyzers.Tests;

/// <summary>ASD0004.</summary>
public sealed class ShownSecretTests
{
    [Test]
    public async Task Secrets_that_become_text_or_JSON_are_reported() =>
        await Code.ReportsAsync<ShownSecretAnalyzer>(Code.Class("""
                public async Task<string> RunAsync(
                    Secret key, SessionToken session, PasswordHash hash, ResetToken reset, ClientKey client, IssuedSession issued,
                    System.IO.Stream stream)
                {
                    var text = $"a {[|key|]} b {[|session|],5}" + [|hash|];
                    text += [|reset|].ToString() + string.Concat("a", [|client|]) + string.Format("{0} {1}", 1, [|key|]);
                    text += new StringBuilder().Append([|key|]).Append($"{[|key|]}");
                    text += [|session|];
                    text += Convert.ToString([|key|]);
                    Console.WriteLine([|session|]);
                    logger.LogInformation("signed in with {Token} {Other}", [|session|], 1);
                    LogKey(logger, [|key|]);
                    await JsonSerializer.SerializeAsync(stream, [|key|]);
                    await JsonSerializer.SerializeAsync(stream, [|new Settings(key, "")|]);
                    return text + JsonSerializer.Serialize([|issued|]);
                }

                [LoggerMessage(Level = LogLevel.Information, Message = "{Key}")]
                private static partial void LogKey(ILogger logger, Secret key);

                private static partial void LogKey(ILogger logger, Secret key) => logger.LogDebug("a key");

                private sealed record Settings(Secret Key, string Name);
            """));

    [Test]
    public async Task Revealed_and_other_values_are_not_reported() =>
        await Code.ReportsAsync<ShownSecretAnalyzer>(Code.Class("""
                public string Run(Secret key, SessionToken session, Session row, string name)
                {
                    key = key + ";Timeout=5";
                    key += ";Timeout=6";
                    var isSame = name.Equals(key);
                    logger.LogInformation("signed in {Id} {Name}", row.Id, name);
                    return $"{session.Reveal()} {name} {row}" + key.Reveal() + JsonSerializer.Serialize(row)
                        + JsonSerializer.Serialize(new Settings(key, "")) + nameof(key);
                }

                private sealed record Settings([property: System.Text.Json.Serialization.JsonIgnore] Secret Key, string Name);
            """));

    // The rule knows them by their attribute.
    [Test]
    public void The_secrets_are_those_of_the_library() => Assert.That(
        typeof(Secret).Assembly.GetExportedTypes().Where(type => type.GetMethod("Reveal") is not null),
        Is.All.Matches<Type>(type =>
            type.GetCustomAttributes(false).OfType<DebuggerDisplayAttribute>().SingleOrDefault()?.Value == "[redacted]"));
}
