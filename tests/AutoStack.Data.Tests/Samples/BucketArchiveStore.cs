using System.Net;
using System.Net.Http.Headers;
using System.Xml.Linq;
using AutoStack.Data.Archives;

namespace AutoStack.Data.Tests.Samples;

/// <summary>Archives in a bucket of an object store with the protocol of S3. A handler of the client signs the requests.</summary>
public sealed class BucketArchiveStore(HttpClient bucket) : IArchiveStore
{
    public async Task WriteAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        // The protocol wants the length first. An object appears when its last byte has come.
        await using var file = new FileStream(
            Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        await write(file, cancellationToken);
        file.Position = 0;
        using var request = new HttpRequestMessage(HttpMethod.Put, name) { Content = new StreamContent(file) };
        request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any); // nothing is replaced
        using var response = await bucket.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    public async Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        var response = await bucket.GetAsync(name, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return response.StatusCode == HttpStatusCode.NotFound
            ? null
            : await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<StoredObject>> ListAsync(CancellationToken cancellationToken)
    {
        var objects = new List<StoredObject>();
        for (var next = ""; next is not null;)
        {
            await using var text = await bucket.GetStreamAsync($"?list-type=2{next}", cancellationToken);
            var page = (await XDocument.LoadAsync(text, LoadOptions.None, cancellationToken)).Root!;
            objects.AddRange(page.Elements().Where(element => element.Name.LocalName == "Contents")
                .Select(one => new StoredObject(Of(one, "Key")!, long.Parse(Of(one, "Size")!, null))));
            next = Of(page, "NextContinuationToken") is { } token ? $"&continuation-token={Uri.EscapeDataString(token)}" : null;
        }

        return objects;

        static string? Of(XElement parent, string name) =>
            parent.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value;
    }

    public async Task<bool> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        using var response = await bucket.DeleteAsync(name, cancellationToken);
        response.EnsureSuccessStatusCode();
        return true;
    }
}
