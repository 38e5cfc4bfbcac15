using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Tests.Deployments;

public sealed class DeploymentQueriesTests : DatabaseTests
{
    private IDeploymentQueries Queries => Get<IDeploymentQueries>();

    [Test]
    public async Task A_filter_combines_its_conditions_and_lists_newest_first()
    {
        var user = await AddUserAsync();
        var (shop, blog) = (await AddAsync(user.Id, "My Shop"), await AddAsync(user.Id, "Blog"));
        var first = await EnqueueAsync(shop);
        var second = await EnqueueAsync(blog);
        var third = await EnqueueAsync(shop);
        var deleted = await EnqueueAsync(shop);
        await Deployments.CancelAsync(first.Id, user.Id, null, Token);
        await Deployments.SoftDeleteAsync(deleted.Id, user.Id, Token);
        await EnqueueAsync();

        await AssertAsync(DeploymentFilter.All, third, second, first);
        await AssertAsync(new DeploymentFilter { ProjectName = "" }, third, second, first);
        await AssertAsync(new DeploymentFilter { ProjectId = shop.Id }, third, first);
        await AssertAsync(new DeploymentFilter { Status = DeploymentStatus.From("Queued") }, third, second);
        await AssertAsync(new DeploymentFilter { ProjectName = "sHoP" }, third, first);
        await AssertAsync(new DeploymentFilter { ProjectId = shop.Id, Status = DeploymentStatus.Cancelled, ProjectName = "y s" }, first);
        await AssertAsync(new DeploymentFilter { ProjectId = blog.Id, ProjectName = "shop" });
        await AssertAsync(new DeploymentFilter { ProjectId = Guid.NewGuid() });

        var row = (await Queries.ListAsync(user.Id, DeploymentFilter.All, Cursor.Start, 1, Token)).Items.Single();
        Assert.That((row.Deployment, row.Project), Is.EqualTo((third, shop)));

        async Task AssertAsync(DeploymentFilter filter, params Deployment[] expected)
        {
            var rows = (await Queries.ListAsync(user.Id, filter, Cursor.Start, 100, Token)).Items;
            Assert.That(rows.Select(r => r.Deployment.Id), Is.EqualTo(expected.Select(d => d.Id)), $"{filter}");
            Assert.That(await Queries.CountAsync(user.Id, filter, Token), Is.EqualTo(expected.Length), $"{filter}");
        }
    }

    [TestCase("100%", "100% Ada")]
    [TestCase("a_b", "xa_bx")]
    [TestCase(@"\", @"back\slash")]
    [TestCase("'; --", "'; --")]
    [TestCase("ÄPFEL", "äpfel")]
    [TestCase("ΣΊΣΥΦΟΣ", "σίσυφος")]
    [TestCase("и", "И")]
    [TestCase("🚀", "to the 🚀")]
    [TestCase("***:x", "***:X")]
    [TestCase("(?x)[a-z]{2}|^$.*+", "(?X)[A-z]{2}|^$.*+")]
    [TestCase("a\nb", "A\nB")]
    public async Task A_text_is_found_literally_and_ignoring_case_in_names_and_commit_messages(string text, string name)
    {
        var user = await AddUserAsync();
        var meant = await EnqueueAsync(await AddAsync(user.Id, name));
        await EnqueueAsync(await AddAsync(user.Id, "1000 Ada, axb, plain"));

        var rows = (await Queries.ListAsync(user.Id, new DeploymentFilter { ProjectName = text }, Cursor.Start, 10, Token)).Items;

        Assert.That(rows.Select(r => r.Deployment.Id), Is.EqualTo(new[] { meant.Id }));

        await ExecuteAsync("UPDATE deployments SET commit_message = $2 WHERE id = $1", meant.Id, $"Fix {name}.");
        rows = (await Queries.ListAsync(user.Id, new DeploymentFilter { CommitMessage = text }, Cursor.Start, 10, Token)).Items;

        Assert.That(rows.Select(r => r.Deployment.Id), Is.EqualTo(new[] { meant.Id }));
        Assert.That(await Queries.CountAsync(user.Id, new DeploymentFilter { CommitMessage = text }, Token), Is.EqualTo(1));
        Assert.That(await Queries.CountAsync(user.Id, new DeploymentFilter { CommitMessage = text + "☃" }, Token), Is.Zero);
    }

    [Test]
    public async Task Every_letter_is_found_in_all_of_its_cases_whatever_the_locale()
    {
        var letters = Enumerable.Range(0x80, 0xD800 - 0x80).Select(unit => (char)unit)
            .Where(letter => Other(letter) != letter && !char.IsAscii(Other(letter))).ToArray();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand(
            """SELECT count(*) FROM unnest($1, $2) u (letter, regex) WHERE NOT (u.letter COLLATE "C" ~ u.regex)""", connection)
        {
            Parameters =
            {
                new() { Value = letters.Select(letter => $"-{letter}-").ToArray() },
                new()
                {
                    Value = letters.Select(letter => CaseFolding.ContainedRegex($"{Other(letter)}")).ToArray(),
                },
            },
        };

        Assert.That(letters, Has.Length.GreaterThan(2_000));
        Assert.That(await command.ExecuteScalarAsync(Token), Is.Zero);

        static char Other(char letter) => char.IsUpper(letter) ? char.ToLowerInvariant(letter) : char.ToUpperInvariant(letter);
    }

    [Test]
    public async Task A_filtered_list_pages_without_gap_or_repetition()
    {
        var project = await AddProjectAsync();
        var other = await AddProjectAsync(project.UserId);
        var expected = new List<Guid>();
        for (var i = 0; i < 7; i++)
        {
            expected.Insert(0, (await EnqueueAsync(project)).Id);
            await EnqueueAsync(other);
        }

        await ExecuteAsync("UPDATE deployments SET created_at = '2026-01-01' WHERE project_id = $1", project.Id);
        expected = [.. (await Deployments.ListByProjectAsync(project.Id, project.UserId, Cursor.Start, 100, Token)).Items.Select(
            d => d.Id)];
        var seen = new List<Guid>();
        for (Cursor? next = Cursor.Start; next is { } cursor;)
        {
            var page = await Queries.ListAsync(project.UserId, new DeploymentFilter { ProjectId = project.Id }, cursor, 3, Token);
            seen.AddRange(page.Items.Select(r => r.Deployment.Id));
            next = page.Next;
        }

        Assert.That(seen, Is.EqualTo(expected));
    }

    [Test]
    public async Task Another_user_sees_nothing()
    {
        var deployment = await EnqueueAsync();
        var stranger = await AddUserAsync();
        var filter = new DeploymentFilter { ProjectId = deployment.ProjectId };

        Assert.That((await Queries.ListAsync(stranger.Id, filter, Cursor.Start, 10, Token)).Items, Is.Empty);
        Assert.That(await Queries.CountAsync(stranger.Id, filter, Token), Is.Zero);
        Assert.That(await Queries.CountAsync(Guid.NewGuid(), DeploymentFilter.All, Token), Is.Zero);
    }

    [Test]
    public void Invalid_arguments_are_named()
    {
        var id = Guid.NewGuid();
        var longest = new DeploymentFilter { ProjectName = new string('%', 255) };
        var tooLong = new DeploymentFilter { ProjectName = new string('x', 256) };
        var message = new DeploymentFilter { CommitMessage = new string('x', 256) };
        var unknown = new DeploymentFilter { Status = DeploymentStatus.From("deploying") };

        Assert.That(() => Queries.ListAsync(id, null!, Cursor.Start, 10, Token), Throws.ArgumentNullException);
        Assert.That(() => Queries.CountAsync(id, null!, Token), Throws.ArgumentNullException);
        Assert.That(() => Queries.CountAsync(id, longest, Token), Is.Zero);
        Assert.That(() => Queries.CountAsync(id, new DeploymentFilter { ProjectName = "\0\ud800" }, Token), Is.Zero);
        Assert.That(
            () => Queries.CountAsync(id, tooLong, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("filter.ProjectName"));
        Assert.That(
            () => Queries.CountAsync(id, message, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("filter.CommitMessage"));
        Assert.That(() => Queries.CountAsync(id, unknown, Token), Throws.ArgumentException.With.Message.Contains("queued, cloning"));
        Assert.That(() => Queries.ListAsync(id, unknown, Cursor.Start, 10, Token), Throws.ArgumentException);
        Assert.That(
            () => Queries.ListAsync(id, DeploymentFilter.All, Cursor.Start, 0, Token), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => Queries.ListAsync(id, DeploymentFilter.All, Cursor.Start, 101, Token), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private Task<Project> AddAsync(Guid userId, string name) =>
        Projects.AddAsync(new NewProject { UserId = userId, Name = name, Repository = "ada/site" }, Token);
}
