using AutoStack.Data.Internal;

namespace AutoStack.Data.Projects;

internal sealed class ProjectRepository(Db db, TimeProvider clock) : IProjectRepository
{
    // Without env_vars, which holds secrets.
    internal const string Columns = """
        p.id, p.user_id, p.name, p.repository, p.branch, p.build_command, p.output_dir, p.github_repo_id, p.runtime,
        p.auto_deploy_enabled, p.auto_deploy_branch, p.jenkins_job_name, p.created_at, p.updated_at
        """;

    internal static Project Read(RowReader row) => new()
    {
        Id = row.Guid(),
        UserId = row.Guid(),
        Name = row.Text(),
        Repository = row.Text(),
        Branch = row.Text(),
        BuildCommand = row.Text(),
        OutputDir = row.Text(),
        GithubRepoId = row.TextOrNull(),
        Runtime = row.Value<ProjectRuntime>(),
        AutoDeployEnabled = row.Flag(),
        AutoDeployBranch = row.TextOrNull(),
        JenkinsJobName = row.TextOrNull(),
        CreatedAt = row.Time(),
        UpdatedAt = row.Time(),
    };

    public Task<Project?> FindAsync(Guid id, Guid ownerId, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM projects p
            WHERE p.id = @id AND p.user_id = @ownerId
            """, [P.Of(id), P.Of(ownerId)], cancellationToken);

    public async Task<Project> AddAsync(NewProject project, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentException.ThrowIfNullOrWhiteSpace(project.Name);
        ArgumentException.ThrowIfNullOrWhiteSpace(project.Repository);
        ArgumentException.ThrowIfNullOrWhiteSpace(project.Branch);
        var id = project.Id ?? Ids.New();
        return await db.AddAsync(Read, $"""
            INSERT INTO projects AS p (
                id, user_id, name, repository, branch, build_command, output_dir, github_repo_id, runtime,
                auto_deploy_enabled, auto_deploy_branch, jenkins_job_name, created_at, updated_at)
            VALUES (
                @id, @userId, @name, @repository, @branch, @buildCommand, @outputDir, @githubRepoId, @runtime,
                @autoDeployEnabled, @autoDeployBranch, @jenkinsJobName, @now, @now)
            ON CONFLICT (id) DO UPDATE
            SET name = p.name
            WHERE p.user_id = excluded.user_id
            RETURNING {Columns}
            """,
            [
                P.Of(id),
                P.Of(project.UserId),
                P.Text(project.Name, 255),
                P.Text(project.Repository, 255),
                P.Text(project.Branch, 100),
                P.Text(project.BuildCommand),
                P.Text(project.OutputDir, 255),
                P.TextOrNull(project.GithubRepoId, 255),
                P.Of(project.Runtime),
                P.Of(project.AutoDeployEnabled),
                P.TextOrNull(project.AutoDeployBranch, 100),
                P.TextOrNull(project.JenkinsJobName, 255),
                P.Of(clock.Now(), "now"),
            ], cancellationToken).ConfigureAwait(false) ?? throw DuplicateException.OfId("projects_pkey");
    }
}
