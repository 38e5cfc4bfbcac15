using System.Runtime.ExceptionServices;
using AutoStack.Data.Accounts;
using AutoStack.Data.Archives;
using AutoStack.Data.Audit;
using AutoStack.Data.Migrations;
using AutoStack.Data.Partitions;
using AutoStack.Data.Retention;
using AutoStack.Data.SecretRotation;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static readonly DateTimeOffset LongAgo = new(2001, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private (IArchiveStore Store, ArchiveManifest Archive)? archived;

    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfAccountUpkeep => new()
    {
        ["IPlatformSessionRepository.PurgeExpiredAsync"] = async tests =>
        {
            var expired = await ExpiredSessionAsync(tests);
            return Purge(
                host => host.GetRequiredService<IPlatformSessionRepository>().PurgeExpiredAsync(10, Token),
                async () => await tests.ScalarAsync("SELECT count(*) FROM sessions WHERE id = $1", expired.Id));
        },
        ["IPlatformPasswordResetTokenRepository.PurgeAsync"] = async tests =>
        {
            var reset = (await tests.ResetTokens.IssueAsync((await tests.AddUserAsync()).Id, Hour, Token)).Reset!;
            await tests.ExecuteAsync("UPDATE password_reset_tokens SET expires_at = '2000-01-01' WHERE id = $1", reset.Id);
            return Purge(
                host => host.GetRequiredService<IPlatformPasswordResetTokenRepository>().PurgeAsync(LongAgo, 10, Token),
                async () => await tests.ScalarAsync("SELECT count(*) FROM password_reset_tokens WHERE id = $1", reset.Id));
        },
        ["IPlatformEmailVerificationTokenRepository.PurgeAsync"] = async tests =>
        {
            var issue = await tests.EmailTokens.IssueAsync((await tests.AddUserAsync()).Id, Hour, Token);
            await tests.ExecuteAsync(
                "UPDATE email_verification_tokens SET expires_at = '2000-01-01' WHERE id = $1", issue.Verification!.Id);
            return Purge(
                host => host.GetRequiredService<IPlatformEmailVerificationTokenRepository>().PurgeAsync(LongAgo, 10, Token),
                async () => await tests.ScalarAsync(
                    "SELECT count(*) FROM email_verification_tokens WHERE id = $1", issue.Verification.Id));
        },
        ["IPlatformSignInThrottle.PurgeExpiredAsync"] = async tests =>
        {
            var subject = Unique("subject");
            await tests.ExecuteAsync(
                "INSERT INTO sign_in_attempts (subject_hash, attempts, expires_at) VALUES ($1, 1, '2000-01-01')", subject);
            return Purge(
                host => host.GetRequiredService<IPlatformSignInThrottle>().PurgeExpiredAsync(10, Token),
                async () => await tests.ScalarAsync("SELECT count(*) FROM sign_in_attempts WHERE subject_hash = $1", subject));
        },
        ["IRetentionService.RunAsync"] = async tests =>
        {
            var policy = new RetentionPolicy
            {
                DeletedDeployments = null,
                DeploymentLogs = null,
                RuntimeLogs = null,
                HealthChecks = null,
                PasswordResetTokens = null,
                EmailVerificationTokens = null,
                WebhookPayloads = null,
                ExpiredSignInAttempts = false,
                ClosedAccounts = false,
            };
            var expired = await ExpiredSessionAsync(tests);
            return new Write(
                async host =>
                {
                    var result = (await host.GetRequiredService<IRetentionService>().RunAsync(policy, null, Token)).Single();
                    if (result.Failure is { } failure)
                    {
                        ExceptionDispatchInfo.Throw(failure);
                    }

                    return result;
                },
                async (result, told) =>
                {
                    Assert.That(((RetentionResult)result!).Rows, told == Told.Once ? Is.EqualTo(1) : Is.LessThanOrEqualTo(1));
                    Assert.That(await tests.ScalarAsync("SELECT count(*) FROM sessions WHERE id = $1", expired.Id), Is.Zero);
                });
        },
        ["IRetentionService.RunExclusiveAsync"] = async tests =>
        {
            var policy = new RetentionPolicy();
            var expired = await ExpiredSessionAsync(tests);
            var options = new RetentionRunOptions { Tables = ["sessions"], Key = Guid.NewGuid() };
            return new Write(
                async host =>
                {
                    var run = await host.GetRequiredService<IRetentionService>().RunExclusiveAsync(policy, options, null, Token);
                    if (run.Results.SingleOrDefault()?.Failure is { } failure)
                    {
                        ExceptionDispatchInfo.Throw(failure);
                    }

                    return run;
                },
                async (result, _) =>
                {
                    // The answer that was lost may be that of a read between two batches.
                    var run = (RetentionRun)result!;
                    Assert.That(run.Outcome, Is.EqualTo(RetentionRunOutcome.Completed));
                    Assert.That(run.Rows, Is.InRange(0, 1));
                    Assert.That(await tests.ScalarAsync("SELECT count(*) FROM sessions WHERE id = $1", expired.Id), Is.Zero);
                    Assert.That(await tests.ScalarAsync("SELECT count(*) FROM upkeep_leases WHERE released_at IS NULL"), Is.Zero);
                });
        },
        ["IPartitionMaintenance.MaintainAsync"] = async tests =>
        {
            // Version 6 would create partitions after the machine's clock; the clock of the host is months before it.
            await new SchemaMigrator(tests.Database.ConnectionString).UpgradeAsync(
                MigrationTarget.Version(5).In("log-partitions"), cancellationToken: Token);
            await tests.Get<IPartitionMaintenance>().MaintainAsync(Token);
            await tests.ExecuteAsync("UPDATE log_partition_settings SET ahead = ahead + 1");
            var before = await tests.Get<IPartitionMaintenance>().FindStatusAsync(Token);
            return new Write(
                async host => await host.GetRequiredService<IPartitionMaintenance>().MaintainAsync(Token),
                async (result, _) =>
                {
                    var after = await tests.Get<IPartitionMaintenance>().FindStatusAsync(Token);
                    Assert.That(((PartitionStatus)result!).Tables, Has.Count.EqualTo(3));
                    Assert.That(
                        after.Tables.Select(table => table.Partitions.Count),
                        Is.EqualTo(before.Tables.Select(table => table.Partitions.Count + 1)));
                });
        },
        ["IAuditMaintenance.MaintainAsync"] = async tests =>
        {
            await new SchemaMigrator(tests.Database.ConnectionString).UpgradeAsync(
                MigrationTarget.Head.In("audit"), cancellationToken: Token);
            var before = await tests.Get<IAuditMaintenance>().MaintainAsync(Token);
            await tests.AddUserAsync();
            await tests.ExecuteAsync($"DROP TABLE autostack_audit.{before.Partitions[^2].Name}");
            return new Write(
                async host => await host.GetRequiredService<IAuditMaintenance>().MaintainAsync(Token),
                async (result, _) =>
                {
                    var after = await tests.Get<IAuditMaintenance>().FindStatusAsync(Token);
                    Assert.That(((AuditStatus)result!).Partitions.Select(p => p.Name), Is.EqualTo(before.Partitions.Select(p => p.Name)));
                    Assert.That(after.Seals!.UntilSeq, Is.GreaterThan(before.Seals!.UntilSeq));
                });
        },
        ["ILogRestore.RestoreAsync"] = async tests =>
        {
            var (store, archive) = await tests.ArchivedAsync();
            var target = RestoreTarget.Table("public", Unique("restored"));
            return new Write(
                async host => await host.GetRequiredService<ILogRestore>().RestoreAsync(archive.Name, target, store, null, Token),
                async (result, told) =>
                {
                    Assert.That(((RestoreResult)result!).Rows, Is.EqualTo(1));
                    if (told == Told.Once)
                    {
                        Assert.That(((RestoreResult)result).Outcome, Is.EqualTo(RestoreOutcome.Restored));
                    }

                    Assert.That(await tests.ScalarAsync($"SELECT count(*) FROM \"{target.Name}\""), Is.EqualTo(1L));
                });
        },
        ["ISecretRotation.RunAsync"] = async tests =>
        {
            // The answers are those of its own rows, not of all that other methods have left.
            await tests.ExecuteAsync("TRUNCATE users CASCADE");
            var (user, tokens) = (await tests.AddUserAsync(), Tokens());
            await using (var direct = tests.WithKeys(tests.key))
            {
                await direct.GetRequiredService<IGitHubConnectionRepository>().ConnectAsync(user.Id, tokens, Token);
            }

            // As the Python services stored them.
            await tests.ExecuteAsync(
                "UPDATE github_connections SET github_access_token = $1, github_access_token_version = NULL WHERE user_id = $2",
                tokens.AccessToken.Reveal(), user.Id);
            var (session, _) = await tests.Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
            var clear = Guid.NewGuid().ToString();
            await tests.ExecuteAsync("UPDATE sessions SET token = $1 WHERE id = $2", clear, session.Id);
            return new Write(
                async host => await host.GetRequiredService<ISecretRotation>().RunAsync(10, null, Token),
                async (result, told) =>
                {
                    // A caller's second run finds what the first has left.
                    var columns = (IReadOnlyList<SecretRotationResult>)result!;
                    Assert.That(columns.Sum(column => column.Skipped), Is.Zero);
                    if (told == Told.AgainByTheLibrary)
                    {
                        Assert.That(columns.Sum(column => column.Rotated), Is.EqualTo(2));
                    }

                    await AssertStoredAsync(
                        tests, user, tokens, await tests.Get<IGitHubConnectionRepository>().FindAsync(user.Id, Token));
                    Assert.That(
                        await tests.ScalarAsync("SELECT token FROM sessions WHERE id = $1", session.Id), Does.Match("^[0-9a-f]{64}$"));
                    Assert.That(SessionToken.TryParse(clear, out var token), Is.True);
                    Assert.That(await tests.Sessions.FindActiveAsync(token!, Token), Is.Not.Null);
                });
        },
    };

    private static async Task<Session> ExpiredSessionAsync(LostAnswerTests tests)
    {
        var (session, _) = await SignedInAsync(tests);
        await tests.ExecuteAsync("UPDATE sessions SET expires_at = '2000-01-01' WHERE id = $1", session.Id);
        return session;
    }

    private static Write Purge(Func<IServiceProvider, Task<int>> purge, Func<Task<object?>> countLeft) => new(
        async host => await purge(host),
        async (result, told) =>
        {
            Assert.That(result, Is.EqualTo(told == Told.Once ? 1 : 0));
            Assert.That(await countLeft(), Is.Zero);
        });

    // An archive of a partition of the past, with one line.
    private async Task<(IArchiveStore Store, ArchiveManifest Archive)> ArchivedAsync()
    {
        await new SchemaMigrator(Database.ConnectionString).UpgradeAsync(
            MigrationTarget.Version(5).In("log-partitions"), cancellationToken: Token);
        if (archived is not { } known)
        {
            await ExecuteAsync("""
                CREATE TABLE autostack_partitions.deployment_logs_p20010101 PARTITION OF deployment_logs
                    FOR VALUES FROM ('00e3c7a7-3400-0000-0000-000000000000') TO ('00e4674c-5800-0000-0000-000000000000')
                """);
            var project = await AddProjectAsync();
            var deployment = Guid.CreateVersion7(LongAgo.AddDays(1));
            await Deployments.EnqueueAsync(new() { Id = deployment, ProjectId = project.Id, UserId = project.UserId }, Token);
            await PlatformLogs.AppendAsync(deployment, [new() { Message = "line", Timestamp = LongAgo }], Token);
            var store = new FolderArchiveStore(Path.Combine(Path.GetTempPath(), $"lost-{Guid.NewGuid():N}"));
            var result = await Get<ILogArchive>().ArchiveAsync("deployment_logs_p20010101", store, null, Token);
            archived = known = (store, result!.Archive!);
        }

        return known;
    }
}
