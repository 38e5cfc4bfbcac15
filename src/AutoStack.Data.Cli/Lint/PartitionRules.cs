using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rules on ATTACH and DETACH PARTITION.</summary>
internal sealed class PartitionRules(ScriptScope scope)
{
    /// <summary>True when the action is one of a partition.</summary>
    public bool Check(string parent, SqlCursor action)
    {
        var line = action.Line;
        if (action.Take("ATTACH PARTITION"))
        {
            var partition = action.TakeName() ?? "";
            if (!scope.OwnsTable(partition) && !scope.Catalog.HasValidCheck(scope.Step.FileName, partition))
            {
                scope.Report(line, LintRule.AttachPartition,
                    $"All rows of {partition} are read while nobody can use it, unless a validated check implies its bounds.");
            }

            return true;
        }

        if (!action.Take("DETACH PARTITION"))
        {
            return false;
        }

        var name = action.TakeName();
        if (action.Take("CONCURRENTLY"))
        {
            if (scope.Step.Transactional)
            {
                scope.Report(line, LintRule.ConcurrentlyInTransaction, "CONCURRENTLY fails inside the transaction of the script.");
            }
        }
        else if (!action.Take("FINALIZE") && !scope.OwnsTable(parent))
        {
            scope.Report(line, LintRule.DetachPartition, $"DETACH PARTITION {name} blocks every reader and writer of {parent}.");
        }

        return true;
    }
}
