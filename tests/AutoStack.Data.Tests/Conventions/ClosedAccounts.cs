using System.Collections;
using System.Reflection;
using System.Text.Json;
using AutoStack.Data.Accounts;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Status;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Registered = AutoStack.Data.Database;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// Every call that names an owner answers for a closed account as for one that does not exist, and changes nothing, while all rows of the
/// account are still there.
/// </summary>
[CancelAfter(120_000)]
public sealed class ClosedAccounts : DatabaseTests
{
    private static readonly HostileArguments Arguments = new();

    private ServiceProvider host = null!;
    private string everyRow = null!;

    private static IEnumerable<TestCaseData> Methods =>
        from type in Registered.RequestInterfaces
        from method in type.GetMethods()
        where method.GetParameters().Any(NamesTheOwner)
        let arguments = method.GetParameters().Where(p => p.ParameterType != typeof(CancellationToken)).Select(p => p.Name)
        select new TestCaseData(method).SetArgDisplayNames($"{type.Name}.{method.Name}({string.Join(", ", arguments)})");

    [OneTimeSetUp]
    public async Task ConfigureAsync()
    {
        host = WithKeys(NewKey("k1"));
        everyRow = string.Join(
            " UNION ALL ", (await TablesAsync()).Select(table => $"SELECT '{table} ' || t::text AS line FROM {table} t"));
    }

    [OneTimeTearDown]
    public ValueTask EndAsync() => host.DisposeAsync();

    [SetUp]
    public Task EmptyAsync()
    {
        Clock.AutoAdvanceAmount = TimeSpan.Zero;
        return ExecuteAsync("TRUNCATE users CASCADE");
    }

    [Test]
    public void Every_statement_with_an_owner_has_the_condition() =>
        Assert.That(
            ShippedStatements.Statements.Where(sql =>
                sql.Contains("@ownerId", StringComparison.Ordinal) && !sql.Contains(AccountState.OwnerIsOpen, StringComparison.Ordinal)),
            Is.Empty);

    [TestCaseSource(nameof(Methods))]
    public async Task A_closed_account_is_answered_as_one_that_does_not_exist(MethodInfo method)
    {
        var open = await AddRowsAsync();
        var missing = await AnswerAsync(method, open, Guid.NewGuid());
        var answer = await AnswerAsync(method, open, open.OwnerId);
        Assert.That(answer, Is.Not.EqualTo(missing), "The rows or the arguments of the test do not suit the method.");

        var closed = await AddRowsAsync();
        await ExecuteAsync("UPDATE users SET closed_at = '2026-03-29' WHERE id = $1", closed.OwnerId);
        var before = await EveryRowAsync();
        missing = await AnswerAsync(method, closed, Guid.NewGuid());
        answer = await AnswerAsync(method, closed, closed.OwnerId);

        Assert.That(answer, Is.EqualTo(missing));
        Assert.That(await EveryRowAsync(), Is.EqualTo(before));
    }

    private static bool NamesTheOwner(ParameterInfo parameter) =>
        parameter.Name is "ownerId" or "userId"
        || parameter.ParameterType.GetProperties().Any(property => property.Name == "UserId" && property.PropertyType == typeof(Guid));

    // The answer as text: the result, or the exception for callers.
    private async Task<string> AnswerAsync(MethodInfo method, Rows rows, Guid ownerId)
    {
        foreach (var (name, value) in new Dictionary<string, Guid>
        {
            ["ownerId"] = ownerId,
            ["userId"] = ownerId,
            ["projectId"] = rows.ProjectId,
            ["deploymentId"] = rows.DeploymentId,
            ["id"] = method.DeclaringType == typeof(IProjectRepository) ? rows.ProjectId : rows.DeploymentId,
        })
        {
            Arguments.known[name] = value;
        }

        try
        {
            var target = host.GetRequiredService(method.DeclaringType!);
            var result = method.Invoke(
                target, BindingFlags.DoNotWrapExceptions, null,
                [.. method.GetParameters().Select(parameter => ArgumentOf(parameter, rows, ownerId))], null)!;
            if (result is IAsyncEnumerable<DeploymentLog> lines)
            {
                await foreach (var line in lines)
                {
                    return line.Message;
                }

                return "no line";
            }

            await (Task)result;
            var value = result.GetType().GetProperty(nameof(Task<int>.Result))!.GetValue(result);
            if (value is IAsyncEnumerable<DeploymentLog>)
            {
                return "a log";
            }

            return JsonSerializer.Serialize(value is IEnumerable list ? list.Cast<object>().ToArray() : value);
        }
        catch (AutoStackDataException exception)
        {
            return $"{exception.GetType().Name} {(exception as MissingReferenceException)?.Constraint}";
        }
    }

    private object? ArgumentOf(ParameterInfo parameter, Rows rows, Guid ownerId) => parameter switch
    {
        { ParameterType: var type } when type == typeof(CancellationToken) => Token,
        { ParameterType: var type } when type == typeof(Rollback) => null,
        { ParameterType: var type } when type == typeof(TimeRange) => new TimeRange(Clock.Start.AddDays(-1), Clock.Start.AddDays(1)),
        { ParameterType: var type } when type == typeof(GitHubConnection) => rows.Connection with { UserId = ownerId },
        { ParameterType: var type } when type == typeof(ProviderLink) =>
            new ProviderLink { Provider = IdentityProvider.Google, ProviderId = "7", SignedInAt = rows.SignedInAt },
        { ParameterType: var type } when type == typeof(EmailChange) =>
            new EmailChange { Email = $"{Unique("ada")}@example.com", SignedInAt = rows.SignedInAt },
        { ParameterType: var type } when type == typeof(EmailToken) => rows.EmailToken,
        { Name: "start" or "since" } => Clock.Start.AddDays(-1),
        { Name: "end" } => Clock.Start.AddDays(1),
        { Name: "expectedVersion" or "status" } => null,
        { Name: "text" } => "line",
        { Name: "email" } => rows.Email,
        { Name: "repository" } => "ada/site",
        { Name: "deploymentIds" } => new[] { rows.DeploymentId },
        _ => Arguments.Valid(parameter.ParameterType, parameter.Name!),
    };

    // A row in every table of an account. The last deployment waits, the others were built.
    private async Task<Rows> AddRowsAsync()
    {
        var verified = (PasswordHash)Arguments.Valid(typeof(PasswordHash), "verified");
        var email = $"{Unique("ada")}@example.com";
        var user = (await Identities.RegisterAsync(new NewAccount { Name = "Ada", Email = email, Password = verified }, Token)).User!;
        await ExecuteAsync("UPDATE users SET github_id = $1 WHERE id = $2", user.Id.ToString(), user.Id);
        var project = await AddProjectAsync(user.Id);
        await host.GetRequiredService<IProjectEnvironmentRepository>().ReplaceAsync(project.Id, user.Id, Secret.From("A=b"), Token);
        var connection = await host.GetRequiredService<IGitHubConnectionRepository>().ConnectAsync(
            user.Id, (GitHubTokens)Arguments.Valid(typeof(GitHubTokens), "tokens"), Token);
        await Preferences.UpdateAsync(user.Id, new UserPreferencesPatch(), Token);
        await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);
        var emailToken = (await EmailTokens.IssueAsync(user.Id, EmailVerification.DefaultLifetime, Token)).Token!;
        await ExecuteAsync("INSERT INTO user_identities VALUES (gen_random_uuid(), $1, 'gitlab', $2, now())", user.Id, user.Id.ToString());
        var signedInAt = await SignInAsync(user.Id);
        var built = await EnqueueAsync(project);
        var rebuilt = await EnqueueAsync(project);
        await ExecuteAsync(
            "UPDATE deployments SET status = 'success', build_duration_seconds = 7, is_production = TRUE WHERE id IN ($1, $2)",
            built.Id, rebuilt.Id);
        var waiting = await EnqueueAsync(project);
        await PlatformContainers.ReserveAsync(
            new NewDeploymentContainer { DeploymentId = waiting.Id, Image = "i", Host = Unique("host") }, Token);
        await PlatformLogs.AppendAsync(waiting.Id, [new NewDeploymentLog { Message = "a line" }], Token);
        await PlatformRuntimeLogs.AppendAsync(
            waiting.Id, RuntimeLogSource.Docker, [new NewDeploymentRuntimeLog(Clock.Start, "a line")], Token);
        await ExecuteAsync(
            """
            INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at)
            VALUES (gen_random_uuid(), $1, 'http://a', TRUE, $2)
            """, waiting.Id, DateTime.SpecifyKind(Clock.Start.UtcDateTime, DateTimeKind.Unspecified));
        return new Rows(user.Id, project.Id, waiting.Id, email, connection, signedInAt, emailToken);
    }

    private Task<object?> EveryRowAsync() => ScalarAsync($"SELECT string_agg(r.line, '\n' ORDER BY r.line) FROM ({everyRow}) r");

    private sealed record Rows(
        Guid OwnerId, Guid ProjectId, Guid DeploymentId, string Email, GitHubConnection Connection, DateTimeOffset SignedInAt,
        EmailToken EmailToken);
}
