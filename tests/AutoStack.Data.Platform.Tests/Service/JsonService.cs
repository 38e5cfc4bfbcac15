using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace AutoStack.Data.Platform.Tests.Service;

/// <summary>The code of <c>docs/json-and-aot.md</c>: a service whose JSON needs no reflection.</summary>
internal static class JsonService
{
    public static void Configure(WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, AutoStackDataJsonContext.Default);
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, ServiceJson.Default);
        });
    }

    public static void Describe(WebApplicationBuilder builder)
    {
        builder.Services.AddOpenApi(options => options.AddSchemaTransformer((schema, context, _) =>
        {
            if (TextValues.TextsOf(context.JsonTypeInfo.Type) is { } texts)
            {
                schema.Type = JsonSchemaType.String;
                schema.Enum = texts.Count == 0 ? null : [.. texts.Select(text => JsonValue.Create(text))];
            }

            return Task.CompletedTask;
        }));
    }

    public static string Text(Project project)
    {
        var text = JsonSerializer.Serialize(project, AutoStackDataJsonContext.Default.Project);
        return text;
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Overview))]
internal sealed partial class ServiceJson : JsonSerializerContext;

internal sealed record Overview(Page<DeploymentWithProject> Newest, DeploymentStatus Status, Cursor? Next);
