using System.Text.Json;
using Microsoft.EntityFrameworkCore;

namespace AutoStack.Data.Benchmarks.EntityFramework;

/// <summary>The tables that the questions touch.</summary>
public sealed class AutoStackContext(DbContextOptions<AutoStackContext> options) : DbContext(options)
{
    public DbSet<DeploymentEntity> Deployments => Set<DeploymentEntity>();

    public DbSet<LogEntity> Logs => Set<LogEntity>();

    public DbSet<StageEntity> Stages => Set<StageEntity>();

    public DbSet<ContainerEntity> Containers => Set<ContainerEntity>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.Entity<ProjectEntity>().ToTable("projects");
        modelBuilder.Entity<LogEntity>().ToTable("deployment_logs");
        modelBuilder.Entity<StageEntity>().ToTable("deployment_stages");
        modelBuilder.Entity<ContainerEntity>().ToTable("deployment_containers");
        modelBuilder.Entity<HealthCheckEntity>().ToTable("deployment_health_checks");
        var deployment = modelBuilder.Entity<DeploymentEntity>().ToTable("deployments");
        deployment.HasOne(d => d.Project).WithMany().HasForeignKey(d => d.ProjectId);
        deployment.HasMany(d => d.Logs).WithOne(l => l.Deployment).HasForeignKey(l => l.DeploymentId);
        deployment.HasMany(d => d.Stages).WithOne().HasForeignKey(s => s.DeploymentId);
        deployment.HasMany(d => d.Containers).WithOne(c => c.Deployment).HasForeignKey(c => c.DeploymentId);
        deployment.HasMany(d => d.HealthChecks).WithOne().HasForeignKey(h => h.DeploymentId);

        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            foreach (var property in entity.GetProperties())
            {
                // GitHub is one word in the names of columns.
                var name = property.Name.Replace("GitHub", "Github", StringComparison.Ordinal);
                property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(name));
                if (property.Name == "Id")
                {
                    property.ValueGenerated = Microsoft.EntityFrameworkCore.Metadata.ValueGenerated.Never;
                }

                if (property.ClrType == typeof(DateTime) || property.ClrType == typeof(DateTime?))
                {
                    property.SetColumnType("timestamp without time zone");
                }
            }
        }
    }
}
