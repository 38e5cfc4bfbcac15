using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Output;

/// <summary>How results reach whoever asked: as text for people or as JSON for programs.</summary>
internal interface IResults
{
    void Migrated(MigrationReport report);

    void Current(SchemaHistory history);

    void History(SchemaHistory history);

    void Fail(Failure failure);
}
