using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

/// <summary>What a proof of an e-mail address is for: <c>email_verification_tokens.purpose</c>.</summary>
[JsonConverter(typeof(TextValueConverter<EmailPurpose>))]
public readonly record struct EmailPurpose : ITextValue<EmailPurpose>
{
    private readonly StoredText text;

    private EmailPurpose(string value) => text = new StoredText(value);

    /// <summary>The account's own address is verified.</summary>
    public static EmailPurpose Verify { get; } = new("verify");

    /// <summary>The account gets another address.</summary>
    public static EmailPurpose Change { get; } = new("change");

    /// <inheritdoc/>
    public static IReadOnlyList<EmailPurpose> Known { get; } = [Verify, Change];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static EmailPurpose From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
