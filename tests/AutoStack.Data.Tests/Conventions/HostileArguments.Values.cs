using System.Collections;
using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using AutoStack.Data.Accounts;
using AutoStack.Data.Archives;
using AutoStack.Data.Deployments;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>Valid and hostile values of a parameter or property, chosen by its type and name.</summary>
public sealed partial class HostileArguments
{
    private static readonly string[] Texts =
    [
        "", " ", "\0", "a\0b", "\uD800", "a\uDC00b", "\u202E\u0007\r\n", "'; DROP TABLE users; --", "\" OR 1 = 1 /*",
        "$1 @id {0} :id ::uuid %_\\", "{\"a\":\"\\u0000\"}", new('x', 100_000), new('\0', 100_000), new('\uD800', 100_000),
        string.Concat(Enumerable.Repeat("';--\0", 20_000)),
    ];

    private static readonly string[] Documents =
    [
        "null", "1e400", "\"a\\u0000b\"", "\"\\ud800\"", "[]", "{\"\\u0000\":1,\"\":2,\"x\":3,\"x\":[]}", $"\"{new string('x', 100_000)}\"",
        $"{new string('[', 60)}{new string(']', 60)}",
    ];

    // Cursors of every kind of list, with the least and the greatest value that a cursor can hold.
    private static readonly string[] Cursors =
    [
        "start", $"i.{Guid.Empty:N}", $"i.{Guid.AllBitsSet:N}", $"s.{long.MinValue}", "s.0", $"s.{long.MaxValue}",
        $"t.{long.MinValue}.{Guid.Empty:N}", $"t.-211813488000000000.{Guid.Empty:N}", $"t.0.{Guid.AllBitsSet:N}",
        $"t.9223371331199999999.{Guid.AllBitsSet:N}", $"t.{long.MaxValue}.{Guid.AllBitsSet:N}",
        $"l.{long.MinValue}.{long.MinValue}.{Guid.Empty:N}", $"l.{long.MaxValue}.{long.MaxValue}.{Guid.AllBitsSet:N}",
    ];

    private static readonly MethodInfo AnyText =
        typeof(HostileArguments).GetMethod(nameof(TextValue), BindingFlags.Static | BindingFlags.NonPublic)!;

    private static T TextValue<T>(string text)
        where T : struct, ITextValue<T> => T.From(text);

    private static bool IsOf(Type type, Type definition) => type.IsGenericType && type.GetGenericTypeDefinition() == definition;

    private static bool IsText(Type type) => type.GetInterfaces().Any(i => IsOf(i, typeof(ITextValue<>)));

    private static bool IsList(Type type) => IsOf(type, typeof(IReadOnlyCollection<>)) || IsOf(type, typeof(IReadOnlyList<>));

    private static Array List(Type type, params object?[] elements)
    {
        var list = Array.CreateInstance(type.GetGenericArguments()[0], elements.Length);
        Array.Copy(elements, list, elements.Length);
        return list;
    }

    private static string Show(object? value) => value is string { Length: var length } text
        ? (length > 40 ? JsonSerializer.Serialize(text[..8]) + $" ({length:N0})" : JsonSerializer.Serialize(text))
        : value switch
        {
            JsonElement e => e.ValueKind.ToString(),
            DateTimeOffset t => t.ToString("O", null),
            Secret s => Show(s.Reveal()),
            PasswordHash h => Show(h.Reveal()),
            _ => $"{value}",
        };

    internal object Valid(Type type, string name)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(Guid))
        {
            return known.GetValueOrDefault(name, Guid.NewGuid());
        }

        if (type == typeof(string))
        {
            return name.ToUpperInvariant() switch
            {
                "REPOSITORY" => $"ada/{Unique("site")}",
                "EMAIL" => $"{Unique("ada")}@example.com",
                "URL" or "DEPLOYEDURL" or "AVATARURL" => "https://example.com/",
                "HASH" => "0123456789abcdef0123456789abcdef01234567",
                _ => Unique("text"),
            };
        }

        var now = new DateTimeOffset(2026, 3, 29, 1, 0, 0, TimeSpan.Zero);
        return type switch
        {
            _ when type == typeof(int) => name == "last" ? 30_100 : name == "first" ? 30_000 : 10,
            _ when type == typeof(long) => 10L,
            _ when type == typeof(double) => 0.5,
            _ when type == typeof(bool) => true,
            _ when type == typeof(TimeSpan) => TimeSpan.FromMinutes(10),
            _ when type == typeof(UpkeepSchedule) => UpkeepSchedule.Every(TimeSpan.FromDays(1)),
            _ when type == typeof(DateTimeOffset) => name is "start" or "From" ? now.AddHours(-2) : now,
            _ when type == typeof(JsonElement) => JsonDocument.Parse("{}").RootElement,
            _ when type == typeof(Secret) => Secret.From("secret"),
            _ when type == typeof(PasswordHash) => PasswordHash.From("$2b$04$abcdefghijklmnopqrstuuJ8hJZ1xQ0hQZ1xQ0hQZ1xQ0hQZ1xQ0h"),
            _ when type == typeof(SessionToken) => SessionToken.New(),
            _ when type == typeof(ResetToken) => ResetToken.New(),
            _ when type == typeof(EmailToken) => EmailToken.New(),
            _ when type == typeof(Stream) => Stream.Null,
            _ when type == typeof(ClientKey) => ClientKey.New(),
            _ when type == typeof(IPAddress) => IPAddress.Loopback,
            _ when type == typeof(GitHubScopes) => GitHubScopes.Parse("repo"),
            _ when type == typeof(IArchiveStore) => new FolderArchiveStore(Archives),
            _ when type == typeof(RestoreTarget) => RestoreTarget.Table("public", Unique("restored")),
            _ when type == typeof(Func<Stream, CancellationToken, Task>) => (Stream _, CancellationToken _) => Task.CompletedTask,
            _ when type == typeof(Cursor) => Cursor.Start,
            _ when type.IsEnum => Enum.GetValues(type).GetValue(0)!,
            _ when type == typeof(DeploymentStatus) => DeploymentStatus.Building,
            // The only status that an error message may accompany.
            _ when type == typeof(StageStatus) => StageStatus.Failed,
            _ when IsText(type) => ((IList)type.GetProperty("Known")!.GetValue(null)!)[1]!,
            _ when type == typeof(Func<IRepositories, CancellationToken, Task>) =>
                (IRepositories _, CancellationToken _) => Task.CompletedTask,
            _ when type == typeof(Func<IRepositories, CancellationToken, Task<int>>) =>
                (IRepositories _, CancellationToken _) => Task.FromResult(1),
            _ when IsOf(type, typeof(IProgress<>)) =>
                Activator.CreateInstance(typeof(Progress<>).MakeGenericType(type.GetGenericArguments()))!,
            _ when IsList(type) => List(type, Valid(type.GetGenericArguments()[0], name)),
            _ => Composite(type),
        };
    }

    private object Composite(Type type)
    {
        if (type.GetConstructors().MaxBy(c => c.GetParameters().Length) is { } constructor && constructor.GetParameters().Length > 0)
        {
            return constructor.Invoke([.. constructor.GetParameters().Select(p => Valid(p.ParameterType, p.Name!))]);
        }

        var made = Activator.CreateInstance(type)!;
        foreach (var property in type.GetProperties().Where(p => p.IsDefined(typeof(RequiredMemberAttribute))))
        {
            property.SetValue(made, Valid(property.PropertyType, property.Name));
        }

        return made;
    }

    private object WithAll(Type type, IEnumerable<(PropertyInfo Property, Func<object?> Make)> values)
    {
        var made = Composite(type);
        foreach (var (property, make) in values)
        {
            property.SetValue(made, make(), BindingFlags.DoNotWrapExceptions, null, null, null);
        }

        return made;
    }

    private IEnumerable<(string What, Func<object?> Make)> Hostile(Type type, string name, int depth)
    {
        Assert.That(depth, Is.LessThan(6), $"{name} contains itself; give this type values of its own in HostileArguments.Values.cs.");
        if (!type.IsValueType || Nullable.GetUnderlyingType(type) is not null)
        {
            yield return Case(" = null", null);
        }

        type = Nullable.GetUnderlyingType(type) ?? type;
        object?[]? values = type switch
        {
            _ when type == typeof(string) => Texts,
            _ when type == typeof(Guid) => [Guid.Empty, Guid.NewGuid(), Guid.AllBitsSet],
            _ when type == typeof(int) => [int.MinValue, -1, 0, 1, int.MaxValue],
            _ when type == typeof(long) => [long.MinValue, -1L, 0L, 1L, long.MaxValue],
            _ when type == typeof(double) => [double.NaN, double.NegativeInfinity, 0d, double.Epsilon, 1d, double.PositiveInfinity],
            _ when type == typeof(UpkeepSchedule) =>
                [UpkeepSchedule.Daily(TimeOnly.MinValue), UpkeepSchedule.Daily(TimeOnly.MaxValue)],
            _ when type == typeof(bool) => [false, true],
            _ when type == typeof(TimeSpan) =>
            [
                TimeSpan.MinValue, TimeSpan.FromTicks(-1), TimeSpan.Zero, TimeSpan.FromTicks(1), TimeSpan.FromDays(3_000_000),
                TimeSpan.MaxValue,
            ],
            _ when type == typeof(DateTimeOffset) =>
            [
                DateTimeOffset.MinValue, DateTimeOffset.MaxValue, DateTimeOffset.UnixEpoch,
                new DateTimeOffset(1, 1, 1, 14, 0, 0, TimeSpan.FromHours(14)),
                new DateTimeOffset(9999, 12, 31, 9, 59, 59, TimeSpan.FromHours(-14)),
            ],
            _ when type == typeof(JsonElement) =>
                [default(JsonElement), .. Documents.Select(d => (object)JsonDocument.Parse(d).RootElement)],
            _ when type.IsEnum => [.. Enum.GetValues(type), Enum.ToObject(type, -1), Enum.ToObject(type, int.MaxValue)],
            _ when type == typeof(Secret) => [.. Texts.Select(Secret.From)],
            _ when type == typeof(Cursor) => [.. Cursors.Select(text => (object)Cursor.Parse(text))],
            _ when type == typeof(GitHubScopes) => [.. Texts.Select(GitHubScopes.Parse)],
            _ when type == typeof(PasswordHash) => [.. Texts.Where(t => !string.IsNullOrWhiteSpace(t)).Select(PasswordHash.From)],
            _ when type == typeof(IPAddress) =>
            [
                IPAddress.Any, IPAddress.Broadcast, IPAddress.IPv6Any, IPAddress.Parse("::ffff:1.2.3.4"), IPAddress.Parse("fe80::1%7"),
            ],
            _ when type == typeof(SessionToken) || type == typeof(ResetToken) || type == typeof(EmailToken)
                || type == typeof(ClientKey) => [],
            _ when type == typeof(Stream) => [new MemoryStream([], writable: false)],
            _ when type == typeof(IArchiveStore) => [],
            _ when type == typeof(RestoreTarget) => [RestoreTarget.Partition],
            _ when type.BaseType == typeof(MulticastDelegate) || IsOf(type, typeof(IProgress<>)) => [],
            _ => null,
        };
        if (values is not null)
        {
            foreach (var value in values)
            {
                yield return Case($" = {Show(value)}", value);
            }
        }
        else if (IsText(type))
        {
            yield return Case(" = default", Activator.CreateInstance(type));
            foreach (var text in Texts)
            {
                yield return (
                    $" = From({Show(text)})",
                    () => AnyText.MakeGenericMethod(type).Invoke(null, BindingFlags.DoNotWrapExceptions, null, [text], null));
            }
        }
        else if (IsOf(type, typeof(Optional<>)))
        {
            // Not given, or given a hostile value.
            var given = type.GetMethod("op_Implicit")!;
            yield return Case(" = default", Activator.CreateInstance(type));
            foreach (var (what, make) in Hostile(type.GetGenericArguments()[0], name, depth + 1))
            {
                yield return (what, () => given.Invoke(null, [make()]));
            }
        }
        else if (IsList(type))
        {
            var element = type.GetGenericArguments()[0];
            yield return Case(" = []", List(type));
            yield return ("[0], twice", () => Valid(element, name) is var same ? List(type, same, same) : null);
            yield return (" of 100,000", () => Valid(element, name) is var same ? List(type, [.. Enumerable.Repeat(same, 100_000)]) : null);
            foreach (var (what, make) in Hostile(element, name, depth + 1))
            {
                yield return ($"[0]{what}", () => List(type, make()));
            }
        }
        else
        {
            foreach (var item in HostileMembers(type, depth))
            {
                yield return item;
            }
        }

        static (string What, Func<object?> Make) Case(string what, object? value) => (what, () => value);
    }

    private IEnumerable<(string What, Func<object?> Make)> HostileMembers(Type type, int depth)
    {
        if (type.IsValueType)
        {
            yield return (" = default", () => Activator.CreateInstance(type));
        }

        var members = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).ToList();
        foreach (var property in members)
        {
            foreach (var (what, make) in Hostile(property.PropertyType, property.Name, depth + 1))
            {
                yield return ($".{property.Name}{what}", () => WithAll(type, [(property, make)]));
            }
        }

        var all = members.Select(p => Hostile(p.PropertyType, p.Name, depth + 1).ToList()).ToList();
        for (var round = 0; members.Count > 1 && round < all.Max(h => h.Count); round++)
        {
            var chosen = all.Select((h, at) => h[round * (at + 1) % h.Count]).ToList();
            yield return (
                $".all{string.Concat(chosen.Select(c => c.What))}",
                () => WithAll(type, members.Zip(chosen, (p, c) => (p, c.Make))));
        }

        var parameters = members.Count > 0 ? [] : type.GetConstructors().MaxBy(c => c.GetParameters().Length)!.GetParameters();
        foreach (var parameter in parameters)
        {
            foreach (var (what, make) in Hostile(parameter.ParameterType, parameter.Name!, depth + 1))
            {
                yield return ($".{parameter.Name}{what}", () => ((ConstructorInfo)parameter.Member).Invoke(
                    BindingFlags.DoNotWrapExceptions,
                    null,
                    [.. parameters.Select(p => p == parameter ? make() : Valid(p.ParameterType, p.Name!))],
                    null));
            }
        }

        Assert.That(
            members.Count + parameters.Length,
            Is.GreaterThan(0),
            $"HostileArguments cannot construct {type.Name}; add the type to Hostile and Valid.");
    }
}
