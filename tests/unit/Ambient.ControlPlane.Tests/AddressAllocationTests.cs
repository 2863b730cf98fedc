using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Addresses;
using Ambient.ControlPlane.Controllers.Clusters;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Testing.Waiting;

namespace Ambient.ControlPlane.Tests;

/// <summary>Addresses of ServiceEntries, given out by one leader for all revisions.</summary>
public sealed class AddressAllocationTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, string> _written = new(StringComparer.Ordinal);
    private readonly ClusterView _view = new();
    private readonly Logs _logs = new();
    private readonly ScriptedApiServer _server;
    private readonly KubernetesClient _client;

    public AddressAllocationTests()
    {
        _server = new ScriptedApiServer(Answer);
        _client = _server.Client(new ClientOptions { Tries = 1 });
    }

    /// <summary>The leader may be of any revision, and the pool is one: what entries of another revision hold is taken, and theirs are given out as well.</summary>
    [Fact]
    public async Task EntriesOfAnotherRevision_KeepTheirs_AndGetSome_WhoeverLeads()
    {
        See("held", "canary", "{'addresses':[{'host':'held.com','value':'240.240.0.1'},{'host':'held.com','value':'2001:2::1'}]}");
        See("mine", "", "{}");
        See("theirs", "canary", "{}");
        var allocation = new AddressAllocation(_client, _view, AddressPool.Parse("240.240.0.0/16", "2001:2::/48", out _)!, TimeProvider.System, _logs.Logger);
        using var leading = new CancellationTokenSource();
        Task running = allocation.RunAsync(leading.Token);

        await Eventually.TrueAsync(() => _written.Count == 2, Limit);

        Assert.Equal(["240.240.0.2", "240.240.0.3"], _written.Values.Order(StringComparer.Ordinal));
        Assert.Equal(["mine", "theirs"], _written.Keys.Order(StringComparer.Ordinal));
        await leading.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _logs.Dispose();
    }

    private void See(string name, string revision, string status)
    {
        string labels = revision.Length == 0 ? "{}" : $"{{'istio.io/rev':'{revision}'}}";
        string json = $$$"""{'metadata':{'name':'{{{name}}}','namespace':'shop','resourceVersion':'1','generation':1,'labels':{{{labels}}}},'spec':{'hosts':['{{{name}}}.com'],'resolution':'DNS'},'status':{{{status}}}}""".Replace('\'', '"');
        Assert.True(KnownResources.ServiceEntries.TryRead(Encoding.UTF8.GetBytes(json), out ServiceEntry? read, out _));
        _view.Set(KnownResources.ServiceEntries, read.Key, read);
    }

    private ApiReply Answer(ApiCall call)
    {
        if (call.Method != "PATCH")
        {
            return call.Path == "/apis/networking.istio.io/v1" ? ApiReply.Ok("""{"resources":[{"name":"serviceentries"}]}""") : ApiReply.Failure(404, "NotFound");
        }

        string name = call.Path.Split('/')[^2];
        _written[name] = (string)JsonNode.Parse(call.Body)!["status"]!["addresses"]![0]!["value"]!;
        return ApiReply.Ok($$$"""{"metadata":{"name":"{{{name}}}","namespace":"shop"}}""");
    }
}
