namespace AutoStack.Data.Tests.Values;

public sealed class OptionalTests
{
    [Test]
    public void Assigning_a_value_or_null_gives_it()
    {
        Optional<string?> text = "text";
        Optional<string?> nothing = (string?)null;

        Assert.That((text.IsGiven, text.Value, text.Or("other")), Is.EqualTo((true, "text", "text")));
        Assert.That((nothing.IsGiven, nothing.Value, nothing.Or("other")), Is.EqualTo((true, (string?)null, (string?)null)));
        Assert.That(nothing, Is.Not.EqualTo(default(Optional<string?>)));
    }

    [Test]
    public void A_default_optional_is_not_given_and_has_no_value()
    {
        Optional<int> leftOut = default;

        Assert.That(leftOut.IsGiven, Is.False);
        Assert.That(() => leftOut.Value, Throws.InvalidOperationException.With.Message.EqualTo("The value is left out."));
        Assert.That(leftOut.Or(7), Is.EqualTo(7));
        Assert.That(leftOut, Is.Not.EqualTo((Optional<int>)0));
    }

    [Test]
    public void Two_are_equal_when_both_are_left_out_or_have_the_same_value()
    {
        Optional<string?> text = "text";

        Assert.That((text == "text", text != "text", text == default, text != default), Is.EqualTo((true, false, false, true)));
        Assert.That(($"{text}", $"{(Optional<string?>)(string?)null}", $"{default(Optional<string?>)}"), Is.EqualTo(("text", "null", "")));
    }

    [Test]
    public void Optional_has_no_public_setter() =>
        Assert.That(typeof(Optional<int>).GetProperties().Where(p => p.CanWrite), Is.Empty);
}
