using System.Net;
using System.Reflection;
using System.Text.Json;
using AutoStack.Data.Accounts;
using AutoStack.Data.Archives;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>Creates values of the library's types as a stranger does: by public constructors, setters and factories.</summary>
/// <param name="isFull">Whether nullable members get a value, and lists an item.</param>
/// <param name="others">Values of types that a constructor does not create from any argument; null for none.</param>
internal sealed class PublicValues(bool isFull, IReadOnlyDictionary<Type, Func<object>>? others = null)
{
    private static readonly NullabilityInfoContext Nullability = new();

    private static readonly Dictionary<Type, Func<object>> Known = new()
    {
        [typeof(string)] = () => "text",
        [typeof(bool)] = () => true,
        [typeof(int)] = () => 7,
        [typeof(long)] = () => 70_000_000_000,
        [typeof(double)] = () => 0.75,
        [typeof(Guid)] = () => Guid.Parse("0191b3c8-7d5e-7a3b-8c1d-0123456789ab"),
        [typeof(DateTimeOffset)] = () => new DateTimeOffset(2026, 11, 30, 5, 0, 0, 123, TimeSpan.Zero),
        [typeof(TimeSpan)] = () => TimeSpan.FromSeconds(90),
        [typeof(JsonElement)] = () => JsonSerializer.SerializeToElement(new { key = "value" }),
        [typeof(Exception)] = () => new ConflictException("text"),
        [typeof(IPAddress)] = () => IPAddress.Loopback,
        [typeof(CancellationToken)] = () => CancellationToken.None,
        [typeof(Cursor)] = () => Cursor.Parse("s.17"),
        [typeof(ReadToken)] = () => ReadToken.Parse("7421"),
        [typeof(GitHubScopes)] = () => GitHubScopes.Parse("repo,user:email"),
        [typeof(Secret)] = () => Secret.From("text"),
        [typeof(PasswordHash)] = () => PasswordHash.From("text"),
        [typeof(ClientKey)] = ClientKey.New,
        [typeof(SessionToken)] = () =>
            SessionToken.TryParse("0191b3c8-7d5e-4a3b-8c1d-0123456789ab", out var token) ? token : throw new FormatException(),
        [typeof(EmailToken)] = () => EmailToken.TryParse(ClientKey.New().Reveal(), out var token) ? token : throw new FormatException(),
        [typeof(ResetToken)] = () => ResetToken.TryParse(ClientKey.New().Reveal(), out var token) ? token : throw new FormatException(),
        [typeof(UpkeepSchedule)] = () => UpkeepSchedule.Daily(new TimeOnly(2, 30)),
        [typeof(RestoreTarget)] = () => RestoreTarget.Table("restored", "logs"),
    };

    /// <summary>A value of a type.</summary>
    /// <exception cref="MissingMethodException">The type can be created by no public means.</exception>
    public object? Create(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return isFull ? Create(underlying) : null;
        }

        return Known.TryGetValue(type, out var create) || others?.TryGetValue(type, out create) == true ? create!()
            : type.IsEnum ? Enum.GetValues(type).Cast<object>().Last()
            : IsTextValue(type) ? ((System.Collections.IEnumerable)type.GetProperty("Known")!.GetValue(null)!).Cast<object>().Last()
            : ItemOf(type) is { } item ? CreateList(item)
            : IsDictionary(type) ? Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(type.GetGenericArguments()))
            : type.IsSubclassOf(typeof(Delegate)) ? null
            : type.IsAbstract && type.Assembly.GetExportedTypes().FirstOrDefault(one => one.BaseType == type) is { } derived
                ? Create(derived)
            : CreateObject(type);
    }

    private object CreateList(Type item)
    {
        var list = Array.CreateInstance(item, isFull ? 1 : 0);
        if (isFull)
        {
            list.SetValue(Create(item), 0);
        }

        return list;
    }

    private object CreateObject(Type type)
    {
        var constructor = type.IsAbstract ? null : type.GetConstructors().MaxBy(candidate => candidate.GetParameters().Length);
        if (constructor is null && !type.IsValueType)
        {
            throw new MissingMethodException($"{type.Name} has no public constructor.");
        }

        var parameters = constructor?.GetParameters() ?? [];
        var value = constructor is null
            ? Activator.CreateInstance(type)!
            : constructor.Invoke([.. parameters.Select(parameter =>
                IsLeftOut(Nullability.Create(parameter)) ? null : Create(parameter.ParameterType))]);
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.SetMethod is { IsPublic: true } && property.DeclaringType!.Assembly == type.Assembly && IsOwn(type)
                && !parameters.Any(parameter => string.Equals(parameter.Name, property.Name, StringComparison.OrdinalIgnoreCase)))
            {
                property.SetValue(value, IsLeftOut(Nullability.Create(property)) ? null : Create(property.PropertyType));
            }
        }

        return value;
    }

    private bool IsLeftOut(NullabilityInfo nullability) => !isFull && nullability.ReadState == NullabilityState.Nullable;

    // What a constructor of another library leaves unset has a default.
    private static bool IsOwn(Type type) => type.Assembly.GetName().Name!.StartsWith("AutoStack.", StringComparison.Ordinal);

    private static bool IsDictionary(Type type) =>
        type is { IsInterface: true, IsGenericType: true } && type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>);

    private static bool IsTextValue(Type type) =>
        type.IsValueType && type.GetInterfaces().Any(part => part.IsGenericType && part.GetGenericTypeDefinition() == typeof(ITextValue<>));

    private static Type? ItemOf(Type type) =>
        type is { IsInterface: true, IsGenericType: true } && type.GetGenericArguments() is [var item]
        && type.IsAssignableFrom(item.MakeArrayType()) ? item : null;
}
