using System.Text.Json;
using AutoStack.Data.Deployments;
using AutoStack.Data.Platform.Tests.Service;
using AutoStack.Data.Projects;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AutoStack.Data.Platform.Tests.Package;

/// <summary>The JSON of a service that uses no reflection, and the description of its API.</summary>
public sealed class JsonTests
{
    [Test]
    public void A_context_of_a_service_takes_records_of_the_library()
    {
        var overview = new Overview(new Page<DeploymentWithProject>([], Cursor.Parse("s.17")), DeploymentStatus.Building, Cursor.Start);

        var json = JsonSerializer.Serialize(overview, ServiceJson.Default.Overview);

        Assert.That(json, Is.EqualTo("""{"newest":{"items":[],"next":"s.17"},"status":"building","next":"start"}"""));
        var back = JsonSerializer.Deserialize(json, ServiceJson.Default.Overview);
        Assert.That((back!.Status, back.Next), Is.EqualTo((DeploymentStatus.Building, Cursor.Start)));
    }

    [Test]
    public void Answers_of_ASP_NET_Core_come_from_the_contexts()
    {
        var builder = WebApplication.CreateSlimBuilder();
        JsonService.Configure(builder);
        using var app = builder.Build() as IDisposable;
        var options = ((WebApplication)app!).Services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;

        Assert.That(options.GetTypeInfo(typeof(Page<Project>)).OriginatingResolver, Is.InstanceOf<AutoStackDataJsonContext>());
        Assert.That(options.GetTypeInfo(typeof(Overview)).OriginatingResolver, Is.InstanceOf<ServiceJson>());
    }

    [Test]
    public async Task Text_values_are_enumerations_of_strings_in_OpenAPI()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        JsonService.Configure(builder);
        JsonService.Describe(builder);
        await using var app = builder.Build();
        app.MapOpenApi();
        app.MapGet("/overview", () => new Overview(new Page<DeploymentWithProject>([], null), DeploymentStatus.Building, null));
        await app.StartAsync();

        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        var description = JsonSerializer.Deserialize<JsonElement>(await client.GetStringAsync("/openapi/v1.json"));

        var schemas = description.GetProperty("components").GetProperty("schemas");
        var status = schemas.GetProperty("DeploymentStatus");
        Assert.That(status.GetProperty("type").GetString(), Is.EqualTo("string"));
        Assert.That(
            status.GetProperty("enum").EnumerateArray().Select(text => text.GetString()),
            Is.EqualTo(DeploymentStatus.Known.Select(value => value.Value)));
        Assert.That(schemas.GetProperty("Overview").ToString(), Does.Contain("DeploymentStatus"));
    }
}
