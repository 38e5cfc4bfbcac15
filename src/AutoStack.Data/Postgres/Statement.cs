using System.Data;
using System.Diagnostics.CodeAnalysis;
using Dapper;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>One statement with its parameters. The text is a compile-time constant, so that no value ever becomes part of it.</summary>
internal sealed class Statement([ConstantExpected] string sql, params NpgsqlParameter[] parameters) : SqlMapper.IDynamicParameters
{
    private readonly NumberedSql numbered = NumberedSql.Of(sql);
    private NpgsqlParameter[]? ordered;
    private NpgsqlParameterCollection? owner;

    /// <summary>The text as it is written, with names.</summary>
    public string Sql => sql;

    /// <summary>The text as the server gets it, with numbers.</summary>
    public string NumberedText => numbered.Text;

    /// <summary>
    /// The owner whose rows the statement reads or changes, from its parameter <c>ownerId</c>; null for a statement of the platform.
    /// </summary>
    public Guid? OwnerId => Find("ownerId");

    /// <summary>The user that the statement names, from its parameter <c>userId</c>.</summary>
    public Guid? UserId => Find("userId");

    /// <summary>The deployment that the statement is about, from its parameter <c>deploymentId</c>.</summary>
    public Guid? DeploymentId => Find("deploymentId");

    /// <summary>
    /// Whether the server plans the statement for its values: a generic plan does not know how often a searched text occurs.
    /// </summary>
    public bool IsPlannedForItsValues { get; init; }

    /// <summary>The statement as a part of a batch.</summary>
    public NpgsqlBatchCommand ToBatchCommand()
    {
        var command = new NpgsqlBatchCommand(NumberedText);
        Fill(command.Parameters);
        return command;
    }

    void SqlMapper.IDynamicParameters.AddParameters(IDbCommand command, SqlMapper.Identity identity) =>
        Fill(((NpgsqlCommand)command).Parameters);

    // A parameter that was sent has no name.
    private Guid? Find(string name)
    {
        foreach (var parameter in parameters)
        {
            if (parameter.ParameterName == name)
            {
                return (parameter as NpgsqlParameter<Guid>)?.TypedValue;
            }
        }

        return ordered is not null && numbered.PlaceOf(name) is var place and >= 0
            ? (ordered[place] as NpgsqlParameter<Guid>)?.TypedValue
            : null;
    }

    // A statement that is sent again takes its parameters back from the command of the first attempt.
    private void Fill(NpgsqlParameterCollection target)
    {
        owner?.Clear();
        owner = target;
        foreach (var parameter in ordered ??= numbered.Order(parameters))
        {
            target.Add(parameter);
        }
    }
}
