using AutoStack.Data.Projects;
using AutoStack.Data.Testing;
using Microsoft.EntityFrameworkCore;

namespace AutoStack.Data.Benchmarks.Tests;

/// <summary>Entities of EF Core beside the library's tables, in one database and one transaction.</summary>
public sealed class EntityFrameworkTests
{
    private PostgresServer server = null!;
    private TestDatabase database = null!;
    private TestServices services = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        try
        {
            server = await PostgresServer.StartAsync(cancellationToken: Token);
        }
        catch (PostgresUnavailableException exception) when (Environment.GetEnvironmentVariable("CI") is null)
        {
            Assert.Ignore(exception.Message);
        }

        database = await server.CreateDatabaseAsync(Token);
        services = database.CreateServices();
        await using var shop = Shop();
        await shop.Database.ExecuteSqlRawAsync(shop.Database.GenerateCreateScript(), Token);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (server is not null)
        {
            await services.DisposeAsync();
            await database.DisposeAsync();
            await server.DisposeAsync();
        }
    }

    [Test]
    public async Task A_context_takes_part_in_the_transaction_of_a_unit_of_work()
    {
        var user = await services.Rows.AddUserAsync(Token);
        var newProject = new NewProject { Id = Guid.CreateVersion7(), UserId = user.Id, Name = "shop", Repository = "ada/shop" };

        await AddAsync(services.Get<IUnitOfWork>(), newProject, Token);

        await using var shop = Shop();
        Assert.That(
            await shop.Set<Invoice>().Select(row => new { row.ProjectId, row.Amount }).ToListAsync(Token),
            Is.EqualTo(new[] { new { ProjectId = newProject.Id!.Value, Amount = 5 } }));
    }

    [Test]
    public async Task A_context_that_fails_takes_the_rows_of_the_library_back()
    {
        var user = await services.Rows.AddUserAsync(Token);
        var projectId = Guid.CreateVersion7();
        var newProject = new NewProject { Id = projectId, UserId = user.Id, Name = "shop", Repository = "ada/shop" };

        Assert.That(
            () => services.Get<IUnitOfWork>().RunAsync(
                async (tx, token) =>
                {
                    await AddAsync(tx.Get<IOwnStatements>(), await tx.Get<IProjectRepository>().AddAsync(newProject, token), token);
                    throw new InvalidOperationException("too expensive");
                },
                Token),
            Throws.InvalidOperationException);

        await using var shop = Shop();
        Assert.That(await services.Get<IProjectRepository>().FindAsync(projectId, user.Id, Token), Is.Null);
        Assert.That(await shop.Set<Invoice>().CountAsync(row => row.ProjectId == projectId, Token), Is.Zero);
    }

    [Test]
    public void Migrations_of_the_context_leave_the_tables_of_the_library_out()
    {
        using var shop = Shop();

        var script = shop.Database.GenerateCreateScript();

        Assert.That(script, Does.Contain("CREATE TABLE invoices").And.Contain("REFERENCES projects (id) ON DELETE CASCADE"));
        Assert.That(script, Does.Not.Contain("CREATE TABLE projects"));
    }

    private static async Task AddAsync(IUnitOfWork unitOfWork, NewProject newProject, CancellationToken cancellationToken)
    {
        await unitOfWork.RunAsync(async (tx, token) =>
        {
            var project = await tx.Get<IProjectRepository>().AddAsync(newProject, token);
            await tx.Get<IOwnStatements>().RunAsync(async (connection, ct) =>
            {
                await using var shop = new ShopContext(new DbContextOptionsBuilder<ShopContext>().UseNpgsql(connection).Options);
                shop.Database.AutoTransactionBehavior = AutoTransactionBehavior.Never; // the unit of work has begun one, and commits
                shop.Add(new Invoice { ProjectId = project.Id, Amount = 5 });
                return await shop.SaveChangesAsync(ct);
            }, token);
        }, cancellationToken);
    }

    private static Task<int> AddAsync(IOwnStatements own, Project project, CancellationToken cancellationToken) =>
        own.RunAsync(async (connection, ct) =>
        {
            await using var shop = new ShopContext(new DbContextOptionsBuilder<ShopContext>().UseNpgsql(connection).Options);
            shop.Database.AutoTransactionBehavior = AutoTransactionBehavior.Never;
            shop.Add(new Invoice { ProjectId = project.Id, Amount = 7 });
            return await shop.SaveChangesAsync(ct);
        }, cancellationToken);

    private ShopContext Shop() => new(new DbContextOptionsBuilder<ShopContext>().UseNpgsql(database.ConnectionString).Options);
}
