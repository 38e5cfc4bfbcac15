using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// The code that reads an answer keeps no state outside of itself. A call may be sent twice, and the server of the first sending may answer
/// while, or after, the second one is read: what both wrote into would have rows of both.
/// </summary>
public sealed class SendingState
{
    private const BindingFlags Own =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    // Lambdas and local functions, which can capture variables.
    private static IEnumerable<MethodInfo> Readers =>
        from type in typeof(Db).Assembly.GetTypes()
        from method in type.GetMethods(Own)
        where method.Name.StartsWith('<') && method.GetParameters() is [var first, ..]
            && (first.ParameterType == typeof(RowReader) || first.ParameterType == typeof(ResultSets))
        select method;

    [Test]
    public void Readers_of_answers_change_no_captured_variable_and_no_captured_collection()
    {
        var readers = Readers.ToList();

        Assert.That(readers, Has.Count.GreaterThan(100));
        Assert.That(readers.SelectMany(Changes), Is.Empty);
    }

    [Test]
    public void A_captured_variable_and_a_captured_collection_are_found()
    {
        var (any, found) = (false, new List<long>());
        Func<RowReader, long> assigns = row =>
        {
            any = true;
            return row.Long();
        };
        Func<RowReader, int> adds = row =>
        {
            found.Add(row.Long());
            return 0;
        };
        Func<ResultSets, Task<bool>> awaits = async sets => any = await sets.AnyAsync();
        Func<RowReader, (long, bool)> reads = row => (row.Long(), any);

        Assert.That(Changes(assigns.Method), Has.One.Contains("any"));
        Assert.That(Changes(adds.Method), Has.One.Contains("found"));
        Assert.That(Changes(awaits.Method), Has.One.Contains("any"));
        Assert.That(Changes(reads.Method), Is.Empty);
    }

    private static IEnumerable<string> Changes(MethodInfo reader)
    {
        var outside = new HashSet<Type>();
        for (var type = reader.DeclaringType; type is not null && outside.Add(type);)
        {
            // The variables of an outer block are one field further.
            type = type.GetFields(Own)
                .FirstOrDefault(field => field.Name.StartsWith("CS$<>8__locals", StringComparison.Ordinal))?.FieldType;
        }

        var body = reader.GetCustomAttribute<AsyncStateMachineAttribute>() is { } machine
            ? machine.StateMachineType.GetMethod("MoveNext", Own)!
            : reader;
        return from instruction in InstructionsOf(body)
               where outside.Contains(instruction.Field.DeclaringType!)
                   // The delegate of a lambda within the reader, which is made once.
                   && !instruction.Field.Name.StartsWith("<>9", StringComparison.Ordinal)
                   && (instruction.Code == OpCodes.Stfld || IsCollection(instruction.Field.FieldType))
               select $"{reader.DeclaringType}.{reader.Name} changes {instruction.Field.Name}";
    }

    private static bool IsCollection(Type type) => type.IsGenericType
        && (type.GetGenericTypeDefinition() == typeof(List<>) || type.GetGenericTypeDefinition() == typeof(Queue<>)
            || type.GetGenericTypeDefinition() == typeof(Dictionary<,>) || type.GetGenericTypeDefinition() == typeof(HashSet<>));

    // The instructions that name a field.
    private static IEnumerable<(OpCode Code, FieldInfo Field)> InstructionsOf(MethodInfo method)
    {
        var code = method.GetMethodBody()!.GetILAsByteArray()!;
        for (var at = 0; at < code.Length;)
        {
            var value = code[at] == 0xFE ? unchecked((short)(0xFE00 | code[at + 1])) : code[at];
            var instruction = OpCodesByValue[value];
            at += instruction.Size;
            if (instruction.OperandType == OperandType.InlineField)
            {
                yield return (instruction, method.Module.ResolveField(
                    BitConverter.ToInt32(code, at),
                    method.DeclaringType!.GetGenericArguments(),
                    method.IsGenericMethod ? method.GetGenericArguments() : null)!);
            }

            at += instruction.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }
    }
}
