using AutoStack.Data.Projects;

namespace AutoStack.Data.Tests.Projects;

/// <summary>The names that are branches, by the rules of Git.</summary>
public sealed class BranchTextTests
{
    /// <summary>Names as given, and as stored.</summary>
    internal static readonly string[][] Accepted =
    [
        ["main", "main"],
        ["refs/heads/main", "main"],
        [" main ", "main"],
        ["\u00a0refs/heads/feature/x\u200b\r\n", "feature/x"],
        ["größe/🚀", "größe/🚀"],
        ["heads/main", "heads/main"],
        ["release-1.0", "release-1.0"],
        ["a@b", "a@b"],
        ["x.locked", "x.locked"],
    ];

    /// <summary>Names that are refused, and a part of the reason.</summary>
    internal static readonly string[][] Refused =
    [
        ["", "blank"],
        [" \t", "blank"],
        ["\u200b", "blank"],
        ["refs/heads/", "blank"],
        ["refs/tags/v1", "not a branch"],
        ["refs/pull/1/head", "not a branch"],
        ["a b", "Git allows"],
        ["a..b", "Git allows"],
        ["/a", "Git allows"],
        ["a/", "Git allows"],
        ["a//b", "Git allows"],
        [".a", "Git allows"],
        ["a/.b", "Git allows"],
        ["a.", "Git allows"],
        ["a.lock", "Git allows"],
        ["a.lock/b", "Git allows"],
        ["a@{1}", "Git allows"],
        ["@", "Git allows"],
        ["HEAD", "Git allows"],
        ["-main", "Git allows"],
        ["--upload-pack=x", "Git allows"],
        ["a~1", "Git allows"],
        ["a^", "Git allows"],
        ["a:b", "Git allows"],
        ["a?", "Git allows"],
        ["a*", "Git allows"],
        ["a[b", "Git allows"],
        [@"a\b", "Git allows"],
        ["a\u0000b", "Git allows"],
        ["a\u001bb", "Git allows"],
    ];

    [TestCaseSource(nameof(Accepted))]
    public void The_text_to_store_is_the_own_name_of_the_branch(string given, string stored)
    {
        Assert.That(BranchName.Check(given, "branch"), Is.EqualTo(stored));
        Assert.That(BranchName.IsStorable(given), Is.EqualTo(given == stored), "A push is matched with a name that is stored unchanged.");
    }

    [TestCaseSource(nameof(Refused))]
    public void The_error_names_the_argument_and_the_rule(string branch, string says)
    {
        Assert.That(
            () => BranchName.Check(branch, "branch"),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("branch").And.Message.Contains(says));
        Assert.That(BranchName.IsStorable(branch), Is.False);
    }

    [Test]
    public void A_name_has_at_most_a_hundred_characters_however_many_units_they_take()
    {
        var longest = string.Concat(Enumerable.Repeat("🚀", Project.MaxBranchLength));

        Assert.That(BranchName.Check($"refs/heads/{longest}", "branch"), Is.EqualTo(longest));
        Assert.That(
            () => BranchName.Check(longest + "x", "branch"),
            Throws.ArgumentException.With.Message.Contains("is 101 characters long; at most 100 can be stored"));
        Assert.That(() => BranchName.Check(null!, "branch"), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("branch"));
    }
}
