using System.Text.Json;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Webhooks;

/// <summary>
/// Decides by its place in a body whether a value is secret: the value of a build variable (GitLab), the settings of a hook other than its
/// address (<c>hook.config</c>), and a property with a telling name (<c>secret</c>, <c>private_token</c>, <c>temp_clone_token</c>).
/// </summary>
internal sealed partial class BodySecrets
{
    private const Place Inherited = Place.Variables | Place.Settings | Place.Secret;

    private readonly Stack<(Place Place, Place Property)> containers = new();

    // The place of the reader's container, and of the property or element whose value the reader reads next.
    private Place place;
    private Place property;

    [Flags]
    private enum Place
    {
        None = 0,
        Variables = 1,
        Settings = 2,
        Secret = 4,
        Name = 8,
        List = 16,
        Element = 32,
    }

    /// <summary>Enters a property: the reader is at its name.</summary>
    public void EnterProperty(ref Utf8JsonReader reader)
    {
        Span<char> buffer = stackalloc char[256];
        var name = reader.ValueSpan.Length <= buffer.Length ? buffer[..reader.CopyString(buffer)] : reader.GetString().AsSpan();
        property = SecretName().IsMatch(name) || ((place & Place.Settings) != 0 && SecretSetting().IsMatch(name)) ? Place.Secret
            : VariablesName().IsMatch(name) ? Place.Variables
            : name is "config" ? Place.Settings
            : (place & Place.Element) != 0 && NameOfVariable().IsMatch(name) ? Place.Name
            : Place.None;
    }

    /// <summary>Enters an object or array, which is the value of the property or an element.</summary>
    public void Enter(bool isArray)
    {
        containers.Push((place, property));

        // Variables, settings and secrets stay so at any depth. In a list of variables, each variable is an object with a name; in an
        // object of variables, any property is a variable.
        place = ((place | property) & Inherited) | (isArray ? Place.List : (place & Place.List) != 0 ? Place.Element : Place.None);
        property = Place.None;
    }

    /// <summary>Leaves the object or array.</summary>
    public void Leave() => (place, property) = containers.Pop();

    /// <summary>True when the text, number or flag at the reader must not be shown.</summary>
    public bool IsSecret(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.ValueSpan.Length > 0 && (IsVariable() || IsInSecret()),
        JsonTokenType.Number => IsVariable() || IsInSecret(),
        JsonTokenType.True or JsonTokenType.False => IsVariable(),
        _ => false,
    };

    private bool IsVariable() => ((place | property) & Place.Variables) != 0 && property != Place.Name;

    private bool IsInSecret() => ((place | property) & Place.Secret) != 0;

    [GeneratedRegex(
        "(?:secrets?|tokens?|password|passwd|passphrase|pwd|credentials?|api_?key|access_?key|private_?key|secret_?key|signing_?key)\\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretName();

    [GeneratedRegex("secret|token|passw|key|credential|auth|cookie", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretSetting();

    [GeneratedRegex("(?:variables|env_?vars)\\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex VariablesName();

    [GeneratedRegex(
        "^(?:id|key|name|type|variable_type|environment_scope|protected|masked|raw)\\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex NameOfVariable();
}
