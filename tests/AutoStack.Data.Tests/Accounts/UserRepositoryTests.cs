using AutoStack.Data.Accounts;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Accounts;

public sealed class UserRepositoryTests : DatabaseTests
{
    [Test]
    public async Task Add_stores_every_value_and_reads_it_back()
    {
        var email = $"{Unique("Grace")}@Example.com";
        var before = Clock.Start;

        var user = await Users.AddAsync(
            new NewUser
            {
                Name = "Grace",
                Email = $" {email} ",
                AvatarUrl = "https://example.com/g.png",
                GitHubId = Unique("github"),
                GoogleId = Unique("google"),
                EmailVerified = true,
            }, Token);

        Assert.That(user.Email, Is.EqualTo(email.ToLowerInvariant()));
        Assert.That(user.Name, Is.EqualTo("Grace"));
        Assert.That(user.AvatarUrl, Is.EqualTo("https://example.com/g.png"));
        Assert.That(user.EmailVerified, Is.True);
        Assert.That(user.CreatedAt, Is.GreaterThanOrEqualTo(before.AddTicks(-10)).And.EqualTo(user.UpdatedAt));
        Assert.That(user.CreatedAt.Offset, Is.EqualTo(TimeSpan.Zero));
        Assert.That(await Users.FindAsync(user.Id, Token), Is.EqualTo(user));
    }

    [Test]
    public async Task Times_are_stored_in_UTC_whatever_the_zones_of_machine_and_server()
    {
        var user = await AddUserAsync();

        var stored = (string)(await ScalarAsync(
            "SELECT to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.US') FROM users WHERE id = $1", user.Id))!;

        Assert.That(stored, Is.EqualTo(user.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", null)));
    }

    [Test]
    public async Task A_repeated_add_with_the_same_id_returns_one_account()
    {
        var request = new NewUser { Id = Guid.CreateVersion7(), Name = "Ada", Email = $"{Unique("same")}@example.com" };

        var first = await Users.AddAsync(request, Token);
        var second = await Users.AddAsync(request with { Email = request.Email.ToUpperInvariant() }, Token);

        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public async Task The_same_request_many_times_concurrently_adds_one_account()
    {
        for (var round = 0; round < 40; round++)
        {
            var request = new NewUser
            {
                Id = Guid.CreateVersion7(),
                Name = "Ada",
                Email = $"{Unique("at-once")}@example.com",
                GitHubId = Unique("at-once"),
            };
            using var start = new Barrier(4);

            var users = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait(TimeSpan.FromSeconds(30));
                    return Users.AddAsync(request, Token);
                }, Token, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()));

            Assert.That(users.Distinct().Count(), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Add_with_the_id_of_another_account_is_a_duplicate()
    {
        var other = await AddUserAsync();

        Assert.That(
            () => Users.AddAsync(new NewUser { Id = other.Id, Name = "Eve", Email = $"{Unique("eve")}@example.com" }, Token),
            Throws.TypeOf<DuplicateException>().With.Property(nameof(DuplicateException.Constraint)).EqualTo("users_pkey"));
    }

    [Test]
    public async Task Add_of_a_taken_address_is_a_duplicate_in_any_case()
    {
        var user = await AddUserAsync();

        Assert.That(
            () => Users.AddAsync(new NewUser { Name = "Eve", Email = user.Email.ToUpperInvariant() }, Token),
            Throws.TypeOf<DuplicateException>().With.Property(nameof(DuplicateException.Constraint)).EqualTo("users_email_key"));
    }

    [Test]
    public async Task Add_recognises_an_address_that_another_program_stored_in_mixed_case()
    {
        var email = $"{Unique("Mixed")}@Example.com";
        await ExecuteAsync("INSERT INTO users (id, name, email) VALUES ($1, 'Bob', $2)", Guid.NewGuid(), email);

        Assert.That(
            () => Users.AddAsync(new NewUser { Name = "Eve", Email = email }, Token),
            Throws.TypeOf<DuplicateException>().With.Property(nameof(DuplicateException.Constraint)).EqualTo("users_email_key"));
        Assert.That((await PlatformUsers.FindByEmailAsync(email.ToUpperInvariant(), Token))!.Email, Is.EqualTo(email));
    }

    [Test]
    public async Task Add_of_a_linked_GitHub_account_is_a_duplicate_naming_its_constraint()
    {
        var gitHubId = Unique("gh");
        await Users.AddAsync(new NewUser { Name = "Ada", Email = $"{Unique("a")}@example.com", GitHubId = gitHubId }, Token);

        Assert.That(
            () => Users.AddAsync(new NewUser { Name = "Eve", Email = $"{Unique("e")}@example.com", GitHubId = gitHubId }, Token),
            Throws.TypeOf<DuplicateException>().With.Property(nameof(DuplicateException.Constraint)).EqualTo("users_github_id_key"));
    }

    [Test]
    public async Task A_value_that_a_patch_leaves_out_keeps_the_stored_one()
    {
        var user = await AddUserAsync();

        var update = await Users.UpdateAsync(user.Id, new UserPatch { Name = default, AvatarUrl = default }, null, Token);

        Assert.That((update.User!.Name, update.User.AvatarUrl), Is.EqualTo((user.Name, (string?)null)));
    }

    [Test]
    public async Task Find_by_email_ignores_case_and_surrounding_space()
    {
        var user = await AddUserAsync();

        Assert.That(await PlatformUsers.FindByEmailAsync($" {user.Email.ToUpperInvariant()} ", Token), Is.EqualTo(user));
    }

    [Test]
    public async Task Find_of_nobody_is_null()
    {
        Assert.That(await Users.FindAsync(Guid.NewGuid(), Token), Is.Null);
        Assert.That(await Users.FindAsync(Guid.Empty, Token), Is.Null);
        Assert.That(await PlatformUsers.FindByEmailAsync("nobody@example.com", Token), Is.Null);
        Assert.That(await PlatformUsers.FindByEmailAsync("' OR 1=1 --", Token), Is.Null);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("  ")]
    public void Find_by_email_refuses_a_blank_address(string? email) =>
        Assert.That(
            () => PlatformUsers.FindByEmailAsync(email!, Token),
            Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo("email"));

    [Test]
    public void Add_names_the_invalid_value()
    {
        var good = new NewUser { Name = "Ada", Email = "ada@example.com" };

        Assert.That(() => Users.AddAsync(null!, Token), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("user"));
        Assert.That(
            () => Users.AddAsync(good with { Name = " " }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("user.Name"));
        Assert.That(
            () => Users.AddAsync(good with { Name = null! }, Token),
            Throws.ArgumentNullException.With.Property("ParamName").EqualTo("user.Name"));
        Assert.That(
            () => Users.AddAsync(good with { Email = "" }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("user.Email"));
        Assert.That(
            () => Users.AddAsync(good with { Name = new string('x', 256) }, Token),
            Throws.ArgumentException.With.Message.Contains("256 characters").And.Message.Contains("at most 255"));
    }

    [Test]
    public async Task A_length_is_counted_in_code_points_as_on_the_server()
    {
        var name = string.Concat(Enumerable.Repeat("🚀", 255));

        var user = await Users.AddAsync(new NewUser { Name = name, Email = $"{Unique("rocket")}@example.com" }, Token);

        Assert.That((await Users.FindAsync(user.Id, Token))!.Name, Is.EqualTo(name));
    }

    [Test]
    public async Task The_url_of_a_picture_has_a_bound_and_longer_ones_of_other_writers_are_read()
    {
        var longest = new string('a', User.MaxAvatarUrlLength);
        var user = await Users.AddAsync(NewUser(longest), Token);
        Assert.That(user.AvatarUrl, Is.EqualTo(longest));
        Assert.That(() => Users.AddAsync(NewUser($"{longest}a"), Token), TooLong("user.AvatarUrl"));
        Assert.That(() => Users.UpdateAsync(user.Id, new UserPatch { AvatarUrl = $"{longest}a" }, null, Token), TooLong("patch.AvatarUrl"));
        Assert.That(
            () => Get<IIdentityRepository>().SignInWithProviderAsync(
                new ProviderIdentity
                {
                    Provider = IdentityProvider.GitHub,
                    ProviderId = Unique("github"),
                    Name = "Ada",
                    Email = $"{Unique("picture")}@example.com",
                    EmailVerified = true,
                    AvatarUrl = $"{longest}a",
                }, Token),
            TooLong("identity.AvatarUrl"));

        await ExecuteAsync("UPDATE users SET avatar_url = repeat('b', 100000) WHERE id = $1", user.Id);
        var named = await Users.UpdateAsync(user.Id, new UserPatch { Name = "Countess" }, null, Token);
        Assert.That((named.User!.Name, named.User.AvatarUrl!.Length), Is.EqualTo(("Countess", 100_000)));

        NewUser NewUser(string url) => new() { Name = "Ada", Email = $"{Unique("picture")}@example.com", AvatarUrl = url };

        static NUnit.Framework.Constraints.IResolveConstraint TooLong(string name) => Throws.ArgumentException
            .With.Property("ParamName").EqualTo(name).And.Message.Contains("2048").And.Message.Not.Contains("aaa");
    }

    [Test]
    public async Task A_patch_changes_the_given_values_and_null_clears()
    {
        var user = await Users.AddAsync(new NewUser { Name = "Ada", Email = $"{Unique("patch")}@example.com", AvatarUrl = "old" }, Token);

        var named = await Users.UpdateAsync(user.Id, new UserPatch { Name = "Countess" }, null, Token);
        var cleared = await Users.UpdateAsync(user.Id, new UserPatch { AvatarUrl = null }, null, Token);

        Assert.That((named.Outcome, named.User!.Name, named.User.AvatarUrl), Is.EqualTo((UpdateOutcome.Updated, "Countess", "old")));
        Assert.That((cleared.User!.Name, cleared.User.AvatarUrl), Is.EqualTo(("Countess", (string?)null)));
        Assert.That(cleared.User.UpdatedAt, Is.GreaterThan(named.User.UpdatedAt));
    }

    [Test]
    public async Task An_update_of_an_outdated_version_returns_Conflict()
    {
        var user = await AddUserAsync();
        await Users.UpdateAsync(user.Id, new UserPatch { Name = "First" }, user.UpdatedAt, Token);

        var second = await Users.UpdateAsync(user.Id, new UserPatch { Name = "Second" }, user.UpdatedAt, Token);

        Assert.That((second.Outcome, second.User!.Name), Is.EqualTo((UpdateOutcome.Conflict, "First")));
        Assert.That(
            await Users.UpdateAsync(Guid.NewGuid(), new UserPatch(), null, Token),
            Is.EqualTo(new UserUpdateResult(UpdateOutcome.NotFound, null)));
        Assert.That(() => Users.UpdateAsync(user.Id, new UserPatch { Name = " " }, null, Token), Throws.ArgumentException);
        Assert.That(() => Users.UpdateAsync(user.Id, new UserPatch { Name = null! }, null, Token), Throws.ArgumentNullException);
        Assert.That(() => Users.UpdateAsync(user.Id, null!, null, Token), Throws.ArgumentNullException);
    }

    [Test]
    public async Task An_address_is_verified_only_while_the_account_has_it()
    {
        var user = await AddUserAsync();

        Assert.That(
            await Users.VerifyEmailAsync(user.Id, "other@example.com", Token), Is.EqualTo(EmailVerificationOutcome.AnotherEmail));
        Assert.That((await Users.FindAsync(user.Id, Token))!.EmailVerified, Is.False);
        Assert.That(
            await Users.VerifyEmailAsync(Guid.NewGuid(), user.Email, Token), Is.EqualTo(EmailVerificationOutcome.UserNotFound));
        Assert.That(
            await Users.VerifyEmailAsync(user.Id, user.Email.ToUpperInvariant(), Token), Is.EqualTo(EmailVerificationOutcome.Verified));
        Assert.That((await Users.FindAsync(user.Id, Token))!.EmailVerified, Is.True);
        Assert.That(() => Users.VerifyEmailAsync(user.Id, "", Token), Throws.ArgumentException);
    }

    [Test]
    public async Task Accounts_are_listed_page_by_page()
    {
        var user = await AddUserAsync();
        var next = await AddUserAsync();
        var earlier = (await PlatformUsers.ListAsync(Cursor.Start, IPlatformUserRepository.MaxListSize, Token)).Items
            .TakeWhile(u => u.Id != user.Id).LastOrDefault();
        var before = earlier is null ? Cursor.Start : Cursor.After(earlier.Id);

        var first = await PlatformUsers.ListAsync(before, 1, Token);
        Assert.That(first.Items.Single(), Is.EqualTo(user));
        Assert.That(
            (await PlatformUsers.ListAsync(first.Next!.Value, IPlatformUserRepository.MaxListSize, Token)).Items, Does.Contain(next));
        Assert.That((await PlatformUsers.ListAsync(before, IPlatformUserRepository.MaxListSize, Token)).Items, Does.Contain(next));
        Assert.That(() => PlatformUsers.ListAsync(Cursor.Start, 0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => PlatformUsers.ListAsync(Cursor.After(7), 1, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("cursor"));
    }

    [Test]
    public async Task Pages_of_accounts_reach_the_end_without_gaps()
    {
        var added = new List<User>();
        for (var i = 0; i < 5; i++)
        {
            added.Add(await AddUserAsync());
        }

        var seen = new List<User>();
        for (Cursor? cursor = Cursor.Start; cursor is { } place;)
        {
            var page = await PlatformUsers.ListAsync(place, 2, Token);
            seen.AddRange(page.Items);
            cursor = page.Next;
        }

        Assert.That(seen.Select(u => u.Id), Is.Unique.And.Ordered);
        Assert.That(seen, Is.SupersetOf(added));
    }

    [Test]
    public async Task Removing_an_account_removes_everything_that_belongs_to_it()
    {
        var project = await AddProjectAsync();
        for (var i = 0; i < 20; i++)
        {
            await EnqueueAsync(project);
        }

        await ExecuteAsync(
            """
            INSERT INTO deployment_logs (id, deployment_id, timestamp, message, created_at)
            SELECT gen_random_uuid(), d.id, now(), 'line', now() FROM deployments d, generate_series(1, 100) WHERE d.user_id = $1
            """, project.UserId);

        Assert.That(await Users.RemoveAsync(project.UserId, Token), Is.True);
        Assert.That(await Users.RemoveAsync(project.UserId, Token), Is.False);
        await Get<IRetentionService>().RunAsync(new RetentionPolicy(), null, Token);

        Assert.That(await ScalarAsync("SELECT count(*) FROM deployments WHERE user_id = $1", project.UserId), Is.Zero);
        Assert.That(await Projects.FindAsync(project.Id, project.UserId, Token), Is.Null);
    }
}
