using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

[assembly: NumberedCases]

/// <summary>
/// Names the cases of a test by number, and leaves out the tests of the category Long. Mutation testing selects tests by name, and the
/// adapter does not read every name that quotes an argument.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class NumberedCasesAttribute : NUnitAttribute, IApplyToTest
{
    public void ApplyToTest(Test test)
    {
        var number = 0;
        foreach (var child in test.Tests.OfType<Test>().ToList())
        {
            if (test is TestSuite suite && child.Properties[PropertyNames.Category].Contains("Long"))
            {
                suite.Tests.Remove(child);
                continue;
            }

            if (test is ParameterizedMethodSuite)
            {
                child.Name = $"{child.MethodName}_{++number}";
                child.FullName = $"{child.ClassName}.{child.Name}";
            }

            ApplyToTest(child);
        }
    }
}
