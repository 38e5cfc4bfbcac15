using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Projects;

/// <summary>The address of a project, as rows hold it, and its key, which the database derives for the rows of every writer.</summary>
public sealed class RepositoryAddressTests : DatabaseTests
{
    [Test]
    public async Task Library_and_database_agree_on_thousands_of_spellings()
    {
        var texts = RepositoryTextTests.All.Where(t => t.Length <= 255).Distinct().ToArray();

        var keys = await DatabaseKeysAsync(texts);

        Assert.That(texts, Has.Length.GreaterThan(5000));
        Assert.That(
            texts.Zip(keys, (text, key) => (text, key)).Where(p => p.key != RepositoryAddress.Of(p.text)).Select(
                p => $"{p.text} -> {p.key}, {RepositoryAddress.Of(p.text)}"),
            Is.Empty);
    }

    [TestCaseSource(typeof(RepositoryTextTests), nameof(RepositoryTextTests.Stored))]
    public async Task An_address_is_stored_as_git_clones_it(string given, string stored)
    {
        var project = await AddAsync(given);

        Assert.That(project.Repository, Is.EqualTo(stored));
        Assert.That(await ScalarAsync("SELECT repository FROM projects WHERE id = $1", project.Id), Is.EqualTo(stored));
    }

    [TestCaseSource(typeof(RepositoryTextTests), nameof(RepositoryTextTests.Refused))]
    public async Task An_invalid_address_is_refused_without_showing_it(string repository, string says)
    {
        var project = await AddProjectAsync();

        Assert.That(() => AddAsync(repository), Refused("project.Repository"));
        Assert.That(
            () => Projects.UpdateAsync(project.Id, project.UserId, new ProjectPatch { Repository = repository }, null, Token),
            Refused("patch.Repository"));
        Assert.That(
            () => Projects.EnsureAsync(
                new NewProject { UserId = project.UserId, Name = "x", Repository = repository }, new ProjectPatch(), Token),
            Refused("project.Repository"));

        NUnit.Framework.Constraints.IResolveConstraint Refused(string name) =>
            Throws.ArgumentException.With.Property("ParamName").EqualTo(name).And.Message.Contains(says)
                .And.Message.Not.Contains("s3cret").And.Message.Not.Contains("ghp_");
    }

    [TestCaseSource(typeof(RepositoryTextTests), nameof(RepositoryTextTests.Shown))]
    public async Task A_secret_in_another_writers_address_is_redacted_and_the_repository_found(string stored, string shown)
    {
        var project = await AddAsync("x/y");
        await ExecuteAsync("UPDATE projects SET repository = $2 WHERE id = $1", project.Id, stored);

        var found = (await Projects.FindAsync(project.Id, project.UserId, Token))!;

        Assert.That(found.Repository, Is.EqualTo(shown));
        Assert.That($"{found}", Does.Not.Contain("s3cret"));
        Assert.That($"{new NewProject { UserId = project.UserId, Name = "x", Repository = stored }}", Does.Not.Contain("s3cret"));
        if (stored.Contains("/ada/site", StringComparison.Ordinal) && !stored.Contains("pa/", StringComparison.Ordinal))
        {
            Assert.That((await Projects.FindByRepositoryAsync(project.UserId, shown, Token))!.Id, Is.EqualTo(project.Id));
            Assert.That((await Projects.FindByRepositoryAsync(project.UserId, "ada/site", Token))!.Id, Is.EqualTo(project.Id));
        }
    }

    private async Task<Project> AddAsync(string repository) =>
        await Projects.AddAsync(new NewProject { UserId = (await AddUserAsync()).Id, Name = "Site", Repository = repository }, Token);

    private async Task<List<RepositoryAddress>> DatabaseKeysAsync(string[] texts)
    {
        var user = await AddUserAsync();
        await ExecuteAsync(
            """
            INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
            SELECT gen_random_uuid(), $1, 'key ' || n, t, now(), now() FROM unnest($2::text[]) WITH ORDINALITY u (t, n)
            """, user.Id, texts);
        await using var command = Raw.CreateCommand(
            "SELECT repository_host, repository_path FROM projects WHERE user_id = $1 ORDER BY substr(name, 5)::int");
        command.Parameters.AddWithValue(user.Id);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var keys = new List<RepositoryAddress>();
        while (await reader.ReadAsync(Token))
        {
            keys.Add(new(reader.GetString(0), reader.GetString(1)));
        }

        return keys;
    }
}
