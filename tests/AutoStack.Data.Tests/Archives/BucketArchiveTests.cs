using System.Collections.Concurrent;
using System.Net;
using System.Text;
using AutoStack.Data.Archives;
using AutoStack.Data.Tests.Samples;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Archives;

/// <summary>The store of docs/log-archive.md, over a server that speaks as much of the protocol as the store uses.</summary>
[CancelAfter(300_000)]
public sealed class BucketArchiveTests : ArchiveTestsBase
{
    [Test]
    public async Task A_bucket_keeps_archives()
    {
        await using var server = Bucket.Start();
        using var client = new HttpClient { BaseAddress = server.Address };
        var store = new BucketArchiveStore(client);
        await AddAprilAsync(1_000);

        var results = await RetainAsync(store);
        var entries = await Archive.ListAsync(store, Token);
        var verified = await Archive.FindVerifiedAsync(entries.Single().Name, store, null, Token);
        await Restore.RestoreAsync(entries.Single().Name, RestoreTarget.Partition, store, null, Token);

        Assert.That(results.Select(result => result.Failure), Is.All.Null);
        Assert.That(verified!.State, Is.EqualTo(ArchiveState.Complete));
        Assert.That(await CountAsync("deployment_logs"), Is.EqualTo(1_000L));
        Assert.That(
            () => store.WriteAsync($"{verified.Name}.json", (_, _) => Task.CompletedTask, Token), Throws.TypeOf<HttpRequestException>());
        Assert.That(await store.OpenAsync("nothing", Token), Is.Null);
        await store.RemoveAsync($"{verified.Name}.json", Token);
        Assert.That((await Archive.ListAsync(store, Token)).Single().State, Is.EqualTo(ArchiveState.Incomplete));
        server.Fails = true;
        Assert.That(() => Archive.ListAsync(store, Token), Throws.TypeOf<ArchiveException>().With.Message.Contains("while listing"));
    }

    [Test]
    public async Task The_page_has_this_store()
    {
        var sample = await File.ReadAllTextAsync(Path.Combine(
            SourceRoot.Path, "tests", "AutoStack.Data.Tests", "Samples", "BucketArchiveStore.cs"), Token);
        var page = await File.ReadAllTextAsync(Path.Combine(SourceRoot.Path, "docs", "log-archive.md"), Token);

        Assert.That(page, Does.Contain(sample[sample.IndexOf("/// <summary>", StringComparison.Ordinal)..].Trim()));
    }

    /// <summary>A bucket in memory; a page of its list has one object.</summary>
    private sealed class Bucket : IAsyncDisposable
    {
        private readonly HttpListener listener;
        private readonly ConcurrentDictionary<string, byte[]> objects = new();
        private readonly Task serving;

        private Bucket(HttpListener listener, Uri address)
        {
            (this.listener, Address) = (listener, address);
            serving = ServeAsync();
        }

        public Uri Address { get; }

        public bool Fails { get; set; }

        public static Bucket Start()
        {
            for (var port = 21_000; ; port++)
            {
                var listener = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/bucket/" } };
                try
                {
                    listener.Start();
                    return new Bucket(listener, new Uri($"http://127.0.0.1:{port}/bucket/"));
                }
                catch (HttpListenerException) when (port < 22_000)
                {
                    // The port is taken.
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            listener.Stop();
            await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            listener.Close();
        }

        private async Task ServeAsync()
        {
            while (true)
            {
                var context = await listener.GetContextAsync();
                var key = context.Request.Url!.AbsolutePath["/bucket/".Length..];
                var (status, body) = Fails ? (500, []) : await AnswerAsync(context.Request, key);
                context.Response.StatusCode = status;
                context.Response.Close(body, willBlock: false);
            }
        }

        private async Task<(int Status, byte[] Body)> AnswerAsync(HttpListenerRequest request, string key)
        {
            if (request.HttpMethod == "PUT")
            {
                var content = new MemoryStream();
                await request.InputStream.CopyToAsync(content);
                return request.Headers["If-None-Match"] == "*" && objects.TryAdd(key, content.ToArray()) ? (200, []) : (412, []);
            }

            return request.HttpMethod == "DELETE" ? (objects.TryRemove(key, out _) ? 204 : 204, [])
                : key.Length == 0 ? (200, Encoding.UTF8.GetBytes(List(request.QueryString["continuation-token"])))
                : objects.TryGetValue(key, out var found) ? (200, found)
                : (404, []);
        }

        private string List(string? after)
        {
            var left = objects.Keys.Where(key => string.CompareOrdinal(key, after) > 0).Order(StringComparer.Ordinal).ToList();
            var page = left.Take(1).Select(key => $"<Contents><Key>{key}</Key><Size>{objects[key].Length}</Size></Contents>");
            var next = left.Count > 1 ? $"<NextContinuationToken>{left[0]}</NextContinuationToken>" : "";
            return $"<ListBucketResult xmlns=\"urn:bucket\">{string.Concat(page)}{next}</ListBucketResult>";
        }
    }
}
