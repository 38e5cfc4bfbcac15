namespace AutoStack.Data.Tests.Values;

public sealed class OptionalTests
{
    [Test]
    public void A_value_is_given_by_assigning_it_null_included()
    {
        Optional<string?> text = "text";
        Optional<string?> nothing = (string?)null;

        Assert.That((text.IsGiven, text.Value, text.Or("other")), Is.EqualTo((true, "text", "text")));
        Assert.That((nothing.IsGiven, nothing.Value, nothing.Or("other")), Is.EqualTo((true, (string?)null, (string?)null)));
        Assert.That(nothing, Is.Not.EqualTo(default(Optional<string?>)));
    }

    [Test]
    public void A_default_value_is_left_out_and_cannot_be_read()
    {
        Optional<int> leftOut = default;

        Assert.That(leftOut.IsGiven, Is.False);
        Assert.That(() => leftOut.Value, Throws.InvalidOperationException);
        Assert.That(leftOut.Or(7), Is.EqualTo(7));
        Assert.That(leftOut, Is.Not.EqualTo((Optional<int>)0));
    }

    [Test]
    public void No_public_member_sets_a_value_without_giving_it() =>
        Assert.That(typeof(Optional<int>).GetProperties().Where(p => p.CanWrite), Is.Empty);
}
