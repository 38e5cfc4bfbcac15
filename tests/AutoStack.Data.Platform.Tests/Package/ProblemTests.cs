using System.Net;
using AutoStack.Data.Accounts;
using AutoStack.Data.AspNetCore;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Projects;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AutoStack.Data.Platform.Tests.Package;

public sealed class ProblemTests : ServiceTests
{
    private static readonly TestCaseData[] Outcomes =
    [
        Outcome(CancelOutcome.Cancelled.ToHttpResult(), 204),
        Outcome(CancelOutcome.AlreadyCancelled.ToHttpResult(), 204),
        Outcome(CancelOutcome.MayBeOverwritten.ToHttpResult(), 204),
        Outcome(CancelOutcome.AlreadyFinished.ToHttpResult(), 409),
        Outcome(CancelOutcome.NotFound.ToHttpResult(), 404),
        Outcome(new ProjectUpdateResult(UpdateOutcome.Conflict, null).ToHttpResult(), 409),
        Outcome(new ProjectUpdateResult(UpdateOutcome.NotFound, null).ToHttpResult(), 404),
        Outcome(new UserUpdateResult(UpdateOutcome.Conflict, null).ToHttpResult(), 409),
        Outcome(EnvironmentOutcome.Replaced.ToHttpResult(), 204),
        Outcome(EnvironmentOutcome.NotFound.ToHttpResult(), 404),
        Outcome(PasswordChangeOutcome.Changed.ToHttpResult(), 204),
        Outcome(PasswordChangeOutcome.Superseded.ToHttpResult(), 409),
        Outcome(PasswordChangeOutcome.UserNotFound.ToHttpResult(), 404),
        Outcome(LinkOutcome.Linked.ToHttpResult(), 204),
        Outcome(LinkOutcome.LinkedElsewhere.ToHttpResult(), 409),
        Outcome(LinkOutcome.SignInTooOld.ToHttpResult(), 403),
        Outcome(LinkOutcome.UserNotFound.ToHttpResult(), 404),
        Outcome(UnlinkOutcome.Unlinked.ToHttpResult(), 204),
        Outcome(UnlinkOutcome.LastWayIn.ToHttpResult(), 409),
        Outcome(UnlinkOutcome.NotLinked.ToHttpResult(), 404),
        Outcome(new RegistrationResult(RegistrationOutcome.EmailTaken, null).ToHttpResult(), 409),
        Outcome(new PasswordSignInResult(PasswordSignInOutcome.Superseded, null, null).ToHttpResult(), 409),
        Outcome(new PasswordSignInResult(PasswordSignInOutcome.OtherOrigin, null, null).ToHttpResult(), 403),
        Outcome(AutoStackResults.NoContentOrNotFound(removed: true), 204),
        Outcome(AutoStackResults.NoContentOrNotFound(removed: false), 404),
        Outcome(AutoStackResults.OkOrNotFound("row"), 200),
        Outcome(AutoStackResults.OkOrNotFound<string>(null), 404),
    ];

    protected override void Map(WebApplication app)
    {
        app.MapPost("/users", async (NewUser user, IUserRepository users, CancellationToken token) => await users.AddAsync(user, token));
        app.MapPost("/checks", async (IPlatformDeploymentHealthCheckRepository checks, CancellationToken token) =>
            await checks.AddAsync(
                new NewDeploymentHealthCheck { DeploymentId = Guid.NewGuid(), Url = "http://site/", IsLive = true }, token));
        app.MapGet("/cursor", (string text) => Cursor.Parse(text).ToString());
        app.MapGet("/own-fault", () => { ArgumentException.ThrowIfNullOrEmpty("", "setting"); });
        for (var i = 0; i < Outcomes.Length; i++)
        {
            var result = (IResult)Outcomes[i].Arguments[0]!;
            app.MapGet($"/outcomes/{i}", () => result);
        }
    }

    [Test]
    public async Task An_argument_that_the_library_refuses_is_named()
    {
        var cookies = await NewUserAsync();
        using var repository = await SendAsync(HttpMethod.Post, "/projects", cookies, new { name = "site", repository = "-x" });
        using var name = await SendAsync(HttpMethod.Post, "/projects", cookies, new { name = " ", repository = "ada/site" });
        var (first, second) = (await JsonOf(repository), await JsonOf(name));

        Assert.That((repository.StatusCode, name.StatusCode), Is.EqualTo((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest)));
        Assert.That(first.GetProperty("argument").GetString(), Is.EqualTo("project.Repository"));
        Assert.That(
            first.GetProperty("detail").GetString(), Is.EqualTo("project.Repository starts with a dash, which Git reads as an option."));
        Assert.That(second.GetProperty("argument").GetString(), Is.EqualTo("project.Name"));
        Assert.That(second.GetProperty("type").GetString(), Is.EqualTo("urn:autostack:problem:invalid-argument"));
    }

    [Test]
    public async Task An_argument_that_the_service_got_wrong_itself_is_its_own_fault()
    {
        using var response = await SendAsync(HttpMethod.Get, "/own-fault");

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.InternalServerError));
        Assert.That(await response.Content.ReadAsStringAsync(Token), Does.Not.Contain("setting"));
    }

    [Test]
    public async Task A_value_that_exists_is_409_and_the_answer_names_no_index()
    {
        var email = NewEmail();
        using var first = await SendAsync(HttpMethod.Post, "/users", body: new { name = "Ada", email });
        using var second = await SendAsync(HttpMethod.Post, "/users", body: new { name = "Ada", email });

        Assert.That((first.StatusCode, second.StatusCode), Is.EqualTo((HttpStatusCode.OK, HttpStatusCode.Conflict)));
        Assert.That(await second.Content.ReadAsStringAsync(Token), Does.Contain(":duplicate").And.Not.Contain("users_"));
    }

    [Test]
    public async Task A_row_that_is_gone_is_404()
    {
        using var response = await SendAsync(HttpMethod.Post, "/checks");

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task A_cursor_is_a_parameter_of_the_query_and_a_wrong_one_is_400()
    {
        var cookies = await NewUserAsync();
        await DeployAsync(cookies);
        using var right = await SendAsync(HttpMethod.Get, $"/projects?cursor=i.{Guid.Empty:N}", cookies);
        using var wrong = await SendAsync(HttpMethod.Get, "/projects?cursor=nonsense", cookies);
        using var other = await SendAsync(HttpMethod.Get, "/projects?cursor=s.1", cookies);
        using var parsed = await SendAsync(HttpMethod.Get, "/cursor?text=nonsense");

        Assert.That((await JsonOf(right)).GetProperty("items").GetArrayLength(), Is.EqualTo(1));
        Assert.That((wrong.StatusCode, other.StatusCode, parsed.StatusCode),
            Is.EqualTo((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.BadRequest)));
        Assert.That((await JsonOf(other)).GetProperty("argument").GetString(), Is.EqualTo("cursor"));
    }

    // The tests run as a service does in production.
    [Test]
    public async Task A_request_that_cannot_be_read_has_a_problem_with_its_reason()
    {
        var cookies = await NewUserAsync();
        using var cursor = await SendAsync(HttpMethod.Get, "/projects?cursor=nonsense", cookies);
        using var body = await SendAsync(HttpMethod.Post, "/account", body: 7);

        foreach (var response in new[] { cursor, body })
        {
            var problem = await JsonOf(response);
            Assert.That(
                (response.StatusCode, problem.GetProperty("type").GetString()),
                Is.EqualTo((HttpStatusCode.BadRequest, "urn:autostack:problem:bad-request")));
            Assert.That(problem.GetProperty("detail").GetString(), Is.Not.Empty);
        }
    }

    [Test]
    public async Task A_stranger_s_row_is_404_and_a_change_of_another_version_409()
    {
        var cookies = await NewUserAsync();
        var (project, deployment) = await DeployAsync(cookies);
        var stranger = await NewUserAsync();

        using var foreign = await SendAsync(HttpMethod.Get, $"/deployments/{deployment}", stranger);
        using var stale = await SendAsync(
            HttpMethod.Patch, $"/projects/{project}", cookies, new { name = "shop", version = DateTimeOffset.UnixEpoch });
        using var fresh = await SendAsync(HttpMethod.Patch, $"/projects/{project}", cookies, new { name = "shop" });

        Assert.That((foreign.StatusCode, stale.StatusCode), Is.EqualTo((HttpStatusCode.NotFound, HttpStatusCode.Conflict)));
        Assert.That((await JsonOf(fresh)).GetProperty("name").GetString(), Is.EqualTo("shop"));
    }

    [TestCaseSource(nameof(Outcomes))]
    public async Task An_outcome_has_its_status(IResult result, int status)
    {
        var index = Array.FindIndex(Outcomes, outcome => outcome.Arguments[0] == result);
        using var response = await SendAsync(HttpMethod.Get, $"/outcomes/{index}");

        Assert.That((int)response.StatusCode, Is.EqualTo(status));
        if (status >= 400)
        {
            var problem = await JsonOf(response);
            Assert.That(problem.GetProperty("type").GetString(), Does.StartWith("urn:autostack:problem:"));
            Assert.That(problem.GetProperty("status").GetInt32(), Is.EqualTo(status));
            Assert.That(problem.GetProperty("title").GetString(), Does.EndWith("."));
        }
    }

    private static TestCaseData Outcome(IResult result, int status) => new(result, status);
}
