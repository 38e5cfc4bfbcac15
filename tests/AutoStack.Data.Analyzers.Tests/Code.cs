using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Testing;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Testing;

namespace AutoStack.Data.Analyzers.Tests;

/// <summary>Code of a service, compiled against the library itself. <c>[|…|]</c> marks what a rule reports.</summary>
internal static class Code
{
    private static readonly ReferenceAssemblies NoPackages = new("net10.0");

    // Those of the test itself: the runtime, and what the library uses.
    private static readonly ImmutableArray<MetadataReference> References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => (MetadataReference)MetadataReference.CreateFromFile(path))];

    /// <summary>A class with members, to which the interfaces of the library are injected.</summary>
    public static string Class(string members) => $$"""
        using System;
        using System.Collections.Generic;
        using System.Linq;
        using System.Text;
        using System.Text.Json;
        using System.Threading;
        using System.Threading.Tasks;
        using AutoStack.Data;
        using AutoStack.Data.Accounts;
        using AutoStack.Data.Deployments;
        using AutoStack.Data.Logs;
        using AutoStack.Data.Projects;
        using Microsoft.Extensions.DependencyInjection;
        using Microsoft.Extensions.Logging;

        public sealed partial class Service(
            IUnitOfWork unitOfWork, IProjectRepository projects, IDeploymentRepository deployments, IDeploymentLifecycle lifecycle,
            IDeploymentLogFollower follower, IDeploymentLogRepository logs, ILogger logger)
        {
        {{members}}
        }
        """;

    /// <summary>A method with statements.</summary>
    public static string Method(string statements) => Class($$"""
            public async Task RunAsync(
                Guid id, Guid ownerId, NewProject newProject, NewDeployment newDeployment, DeploymentClaim claim, ProjectPatch patch,
                Cursor cursor, string text, Secret key, CancellationToken cancellationToken)
            {
        {{statements}}
            }
        """);

    /// <summary>Passes when a rule reports what is marked, and nothing else.</summary>
    public static Task ReportsAsync<TAnalyzer>(string code)
        where TAnalyzer : DiagnosticAnalyzer, new() => new AnalyzerCheck<TAnalyzer> { TestCode = code }.RunAsync();

    /// <summary>Passes when the code fix turns what is marked into the other code.</summary>
    public static Task MendsAsync<TAnalyzer, TCodeFix>(string code, string mended)
        where TAnalyzer : DiagnosticAnalyzer, new()
        where TCodeFix : CodeFixProvider, new() => new FixCheck<TAnalyzer, TCodeFix> { TestCode = code, FixedCode = mended }.RunAsync();

    /// <summary>The ids that a rule reports in code that compiles.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync<TAnalyzer>(string code)
        where TAnalyzer : DiagnosticAnalyzer, new()
    {
        var compilation = Compile([code]);
        Assert.That(compilation.GetDiagnostics().Where(problem => problem.Severity == DiagnosticSeverity.Error), Is.Empty, code);
        var found = await compilation.WithAnalyzers([new TAnalyzer()]).GetAnalyzerDiagnosticsAsync();
        return [.. found.Select(finding => finding.Id)];
    }

    /// <summary>The compilation of files, which need not compile.</summary>
    public static CSharpCompilation Compile(IEnumerable<string> files) => CSharpCompilation.Create(
        "Service",
        files.Select(code => CSharpSyntaxTree.ParseText(code, new CSharpParseOptions(LanguageVersion.Latest))),
        References,
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));

    private sealed class AnalyzerCheck<TAnalyzer> : CSharpAnalyzerTest<TAnalyzer, DefaultVerifier>
        where TAnalyzer : DiagnosticAnalyzer, new()
    {
        public AnalyzerCheck()
        {
            ReferenceAssemblies = NoPackages;
            TestState.AdditionalReferences.AddRange(References);
        }

        protected override ParseOptions CreateParseOptions() => new CSharpParseOptions(LanguageVersion.Latest);
    }

    private sealed class FixCheck<TAnalyzer, TCodeFix> : CSharpCodeFixTest<TAnalyzer, TCodeFix, DefaultVerifier>
        where TAnalyzer : DiagnosticAnalyzer, new()
        where TCodeFix : CodeFixProvider, new()
    {
        public FixCheck()
        {
            ReferenceAssemblies = NoPackages;
            TestState.AdditionalReferences.AddRange(References);
        }

        protected override ParseOptions CreateParseOptions() => new CSharpParseOptions(LanguageVersion.Latest);
    }
}
