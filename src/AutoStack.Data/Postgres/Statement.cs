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

    /// <summary>The parameter of a name; null without one. Only before the statement is sent: a sent parameter has no name.</summary>
    public NpgsqlParameter? Find(string name)
    {
        foreach (var parameter in parameters)
        {
            if (parameter.ParameterName == name)
            {
                return parameter;
            }
        }

        return null;
    }

    /// <summary>The statement as a part of a batch.</summary>
    public NpgsqlBatchCommand ToBatchCommand()
    {
        var command = new NpgsqlBatchCommand(NumberedText);
        Fill(command.Parameters);
        return command;
    }

    void SqlMapper.IDynamicParameters.AddParameters(IDbCommand command, SqlMapper.Identity identity) =>
        Fill(((NpgsqlCommand)command).Parameters);

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
