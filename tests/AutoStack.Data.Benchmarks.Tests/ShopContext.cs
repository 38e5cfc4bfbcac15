using Microsoft.EntityFrameworkCore;

namespace AutoStack.Data.Benchmarks.Tests;

internal sealed class ProjectRow
{
    public Guid Id { get; init; }
}

internal sealed class Invoice
{
    public Guid ProjectId { get; init; }

    public int Amount { get; init; }
}

/// <summary>The entities of a service beside the library's tables, as docs/from-ef-core.md shows them.</summary>
internal sealed class ShopContext(DbContextOptions<ShopContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ProjectRow>().ToTable("projects", table => table.ExcludeFromMigrations());
        modelBuilder.Entity<ProjectRow>().Property(project => project.Id).HasColumnName("id");
        modelBuilder.Entity<Invoice>(invoice =>
        {
            invoice.ToTable("invoices").HasKey(row => row.ProjectId);
            invoice.Property(row => row.ProjectId).HasColumnName("project_id");
            invoice.Property(row => row.Amount).HasColumnName("amount");
            invoice.HasOne<ProjectRow>().WithOne().HasForeignKey<Invoice>(row => row.ProjectId).OnDelete(DeleteBehavior.Cascade);
        });
    }
}
