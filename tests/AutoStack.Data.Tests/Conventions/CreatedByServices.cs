using System.Reflection;
using System.Runtime.CompilerServices;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>A test of a service can create every public type of a package by public means, or the type is listed with a reason.</summary>
internal static class CreatedByServices
{
    /// <param name="package">The assembly of the package.</param>
    /// <param name="values">Values of types that a constructor does not create from any argument.</param>
    /// <param name="leftOut">The types that a service does not create, with the reason.</param>
    public static void Assert(
        Assembly package, IReadOnlyDictionary<Type, Func<object>> values, IReadOnlyDictionary<Type, string> leftOut)
    {
        var types = package.GetExportedTypes()
            .Where(type => !type.IsInterface && !type.ContainsGenericParameters && !type.IsSubclassOf(typeof(Delegate))
                && !(type.IsAbstract && type.IsSealed) && !type.IsDefined(typeof(CompilerGeneratedAttribute)))
            .ToList();
        NUnit.Framework.Assert.Multiple(() =>
        {
            foreach (var type in types)
            {
                var isLeftOut = leftOut.ContainsKey(type);
                foreach (var isFull in new[] { true, false })
                {
                    NUnit.Framework.Assert.That(
                        () => new PublicValues(isFull, values).Create(type),
                        isLeftOut ? Throws.InstanceOf<MissingMethodException>() : Is.InstanceOf(type),
                        isLeftOut ? $"{type.Name} can be created; take it off the list." : type.Name);
                }
            }

            NUnit.Framework.Assert.That(leftOut.Keys.Except(types), Is.Empty, "The list has types that the package does not have.");
        });
    }
}
