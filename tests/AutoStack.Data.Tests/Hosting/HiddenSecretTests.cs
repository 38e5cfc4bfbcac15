using System.Collections;
using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using AutoStack.Data.Accounts;
using Microsoft.Extensions.Configuration;

namespace AutoStack.Data.Tests.Hosting;

/// <summary>Types that hold a secret expose nothing of it to a serializer, a logger or a debugger.</summary>
public sealed class HiddenSecretTests
{
    private const string Hidden = "hunter2-never-shown";

    private static IEnumerable<object> Holders
    {
        get
        {
            Assert.That(SessionToken.TryParse("6ee33ad0-1f5c-4c5e-8e0e-3b1a7e1a5c11", out var session), Is.True);
            Assert.That(ResetToken.TryParse(new string('h', 42) + "A", out var reset), Is.True);
            var options = new AutoStackDataOptions { ConnectionString = $"Host=db;Username=app;Password={Hidden}" };
            options.SecretKeys.Add(new SecretKey { Id = "k1", Secret = Hidden });
            return
            [
                options, options.SecretKeys[0], Secret.From(Hidden), session!, reset!, PasswordHash.From(Hidden),
                new GitHubTokens { AccessToken = Hidden, RefreshToken = Hidden },
                new NewAccount { Name = "Ada", Email = "ada@example.com", Password = PasswordHash.From(Hidden) },
                new UserCredentials(Guid.Empty, "ada@example.com", PasswordHash.From(Hidden)),
            ];
        }
    }

    [TestCaseSource(nameof(Holders))]
    public void A_serializer_writes_no_secret(object holder)
    {
        foreach (var options in new[]
        {
            new JsonSerializerOptions(), JsonSerializerOptions.Web, new JsonSerializerOptions { IncludeFields = true },
        })
        {
            AssertHidden(JsonSerializer.Serialize(holder, holder.GetType(), options));
            AssertHidden(JsonSerializer.Serialize(new { Holder = holder }, options));
        }
    }

    // Reads an object the way loggers and other serializers destructure it.
    [TestCaseSource(nameof(Holders))]
    public void Public_members_and_type_converters_expose_no_secret(object holder)
    {
        var texts = new List<string>();
        Collect(holder, texts, depth: 0);
        Assert.That(texts, Is.Not.Empty);
        AssertHidden(string.Join('\n', texts));
    }

    [Test]
    public void Types_with_Reveal_hide_their_value_from_ToString_and_debuggers()
    {
        var types = typeof(Secret).Assembly.GetExportedTypes().Where(t => t.GetMethod("Reveal") is not null).ToList();

        Assert.That(types, Has.Count.GreaterThanOrEqualTo(4));
        foreach (var type in types)
        {
            Assert.That(type.GetCustomAttribute<DebuggerDisplayAttribute>()?.Value, Is.EqualTo("[redacted]"), type.Name);
            Assert.That(
                type.GetMethod("ToString", BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly),
                Is.Not.Null,
                type.Name);
            Assert.That(type.GetProperties().Where(p => p.PropertyType == typeof(string)), Is.Empty, type.Name);
            Assert.That(
                type.GetFields(BindingFlags.NonPublic | BindingFlags.Instance)
                    .Select(field => field.GetCustomAttribute<DebuggerBrowsableAttribute>()?.State),
                Is.All.EqualTo(DebuggerBrowsableState.Never),
                type.Name);
        }
    }

    [Test]
    public void Text_appended_to_a_secret_is_also_secret()
    {
        var options = new AutoStackDataOptions { ConnectionString = "Host=db" };
        options.ConnectionString += $";Password={Hidden}";

        Assert.That(options.ConnectionString.Reveal(), Is.EqualTo($"Host=db;Password={Hidden}"));
        Assert.That(((Secret?)null + "a").Reveal(), Is.EqualTo("a"));
        AssertHidden($"{options.ConnectionString}" + options.ConnectionString);
    }

    // A string property would be printed, so that settings with a password or a key have the type Secret.
    [TestCase(typeof(AutoStackDataOptions))]
    [TestCase(typeof(SecretKey))]
    public void A_text_setting_is_a_secret_or_a_name(Type options) =>
        Assert.That(
            options.GetProperties().Where(p => p.PropertyType == typeof(string) && p.Name is not ("Id" or "TenantRole"))
                .Select(p => p.Name),
            Is.Empty);

    [Test]
    public void Options_bind_secrets_from_configuration_texts()
    {
        var key = Convert.ToBase64String(new byte[32]);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Data:ConnectionString"] = $"Host=db;Username=app;Password={Hidden}",
            ["Data:SecretKeys:0:Id"] = "k1",
            ["Data:SecretKeys:0:Secret"] = key,
            ["Data:MaxPoolSize"] = "7",
        }).Build();

        var options = configuration.GetSection("Data").Get<AutoStackDataOptions>()!;

        Assert.That(
            (options.ConnectionString!.Reveal(), options.MaxPoolSize),
            Is.EqualTo(($"Host=db;Username=app;Password={Hidden}", (int?)7)));
        Assert.That((options.SecretKeys.Single().Id, options.SecretKeys.Single().Secret!.Reveal()), Is.EqualTo(("k1", key)));
        options.Validate(needsConnectionString: true);
        Assert.That((Secret?)(string?)null, Is.Null);
    }

    private static void AssertHidden(string text) =>
        Assert.That(text, Does.Not.Contain(Hidden).And.Not.Contain("6ee33ad0").And.Not.Contain(new string('h', 42)));

    private static void Collect(object? value, List<string> texts, int depth)
    {
        if (value is null || depth > 5)
        {
            return;
        }

        texts.Add(value.ToString() ?? "");
        texts.Add(TypeDescriptor.GetConverter(value).ConvertToInvariantString(value) ?? "");
        if (value is string or ValueType)
        {
            return;
        }

        foreach (var item in value as IEnumerable ?? Array.Empty<object>())
        {
            Collect(item, texts, depth + 1);
        }

        foreach (var property in value.GetType().GetProperties().Where(p => p.GetIndexParameters().Length == 0))
        {
            Collect(property.GetValue(value), texts, depth + 1);
        }

        foreach (var field in value.GetType().GetFields())
        {
            Collect(field.GetValue(value), texts, depth + 1);
        }
    }
}
