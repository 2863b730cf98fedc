using Ambient.Protocol.Envoy.Discovery;
using Ambient.Protocol.Istio.Workload;
using Ambient.Xds.Client;
using static Ambient.Xds.Tests.Client.AdsServer;

namespace Ambient.Xds.Tests.Client;

/// <summary>Further types of a client: subscribed to, put in force, refused by name, told on reconnection.</summary>
public sealed class SinkTests
{
    private const string Type = "type.googleapis.com/istio.workload.Locality";

    [Fact]
    public async Task AFurtherType_IsPartOfReadiness_AndIsRefusedByName()
    {
        Sink sink = new();
        await using AdsServer server = await AdsServer.StartAsync(options => options with { Sinks = [sink] });
        AdsConnection stream = await server.AcceptAsync();
        await stream.FirstAsync();
        Assert.Equal(Type, (await stream.NextAsync()).TypeUrl);
        await stream.SendAsync(TypeUrls.Address, "1", []);
        await stream.SendAsync(TypeUrls.Authorization, "2", []);
        _ = (await stream.NextAsync(), await stream.NextAsync());
        Assert.False(server.Client.Ready.IsCompleted);
        await stream.SendAsync(Type, "3", [("good", new Locality { Region = "r" }), ("bad", new Locality { Region = "bad" }), ("empty", null)]);
        DeltaDiscoveryRequest answer = await stream.NextAsync();
        Assert.Contains("bad: not like this", answer.ErrorDetail.Message, StringComparison.Ordinal);
        Assert.Contains("empty: ", answer.ErrorDetail.Message, StringComparison.Ordinal);
        Assert.Equal("good", string.Join(' ', sink.Held));
        await stream.SendAsync(Type, "4", [("more", new Locality { Region = "r" })], "good");
        Assert.Null((await stream.NextAsync()).ErrorDetail);
        await server.Client.Ready.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal("more", string.Join(' ', sink.Held));

        stream.Reset();
        AdsConnection again = await server.AcceptAsync();
        await again.FirstAsync();
        DeltaDiscoveryRequest first = await again.NextAsync();
        Assert.Equal(["more"], first.InitialResourceVersions.Keys);
    }

    private sealed class Sink : IResourceSink
    {
        public SortedSet<string> Held { get; } = new(StringComparer.Ordinal);

        public string TypeUrl => Type;

        public void Apply(IReadOnlyList<Resource> resources, IReadOnlyList<string> removed, Action<Resource, string> refuse)
        {
            Held.ExceptWith(removed);
            foreach (Resource resource in resources)
            {
                if (Locality.Parser.ParseFrom(resource.Resource_.Value).Region == "bad")
                {
                    refuse(resource, "not like this");
                }
                else
                {
                    Held.Add(resource.Name);
                }
            }
        }
    }
}
