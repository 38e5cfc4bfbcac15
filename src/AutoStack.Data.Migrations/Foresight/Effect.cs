namespace AutoStack.Data.Migrations.Internal;

/// <summary>What a statement does to one object, as far as its text shows.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Name">The object, with its schema unless that is <c>public</c> or not written.</param>
/// <param name="Part">The column, constraint, trigger or policy of a table; the parameters of a function; the table of an index.</param>
/// <param name="Lenient">True when the statement accepts that the object is there (or, for a drop, dependents: CASCADE).</param>
internal sealed record Effect(EffectKind Kind, string Name, string? Part = null, bool Lenient = false)
{
    /// <summary>The lock that the statement takes on the table <see cref="Name"/>; null for another kind of effect.</summary>
    public TableLockMode? Lock { get; init; }

    /// <summary>True when the statement writes the whole table, or many of its rows, anew.</summary>
    public bool Rewrites { get; init; }

    /// <summary>A lock on a table.</summary>
    public static Effect Locks(string table, TableLockMode mode, bool rewrites = false) =>
        new(EffectKind.Lock, table) { Lock = mode, Rewrites = rewrites };
}

/// <summary>The kinds of effect.</summary>
internal enum EffectKind
{
    /// <summary>A table, index, view or sequence of this name is created.</summary>
    CreateRelation,

    /// <summary>A type or domain is created.</summary>
    CreateType,

    /// <summary>A function or procedure is created or replaced; <see cref="Effect.Part"/> has its parameters.</summary>
    CreateRoutine,

    /// <summary>A schema is created.</summary>
    CreateSchema,

    /// <summary>An extension is created.</summary>
    CreateExtension,

    /// <summary>A column is added.</summary>
    AddColumn,

    /// <summary>A constraint is added.</summary>
    AddConstraint,

    /// <summary>A trigger is created.</summary>
    AddTrigger,

    /// <summary>A policy is created.</summary>
    AddPolicy,

    /// <summary>The table, index, view or sequence is changed in a way that only its owner may.</summary>
    Own,

    /// <summary>The table or index is dropped, which its owner and that of its schema may.</summary>
    DropRelation,

    /// <summary>A column gets another type.</summary>
    Retype,

    /// <summary>A column is dropped.</summary>
    DropColumn,

    /// <summary>Rows are inserted, updated or deleted; <see cref="Effect.Part"/> is the privilege.</summary>
    Write,

    /// <summary>A table is locked.</summary>
    Lock,

    /// <summary>The object gets or loses its name in another way: what the catalog says about it now is not true afterwards.</summary>
    Touch,
}
