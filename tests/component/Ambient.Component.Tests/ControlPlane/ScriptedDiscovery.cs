using System.Net;
using System.Threading.Channels;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Protocol.Istio.Workload;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;

namespace Ambient.Component.Tests.ControlPlane;

/// <summary>The xDS server of the client's proxy: a good first state by itself, everything later move by move by the test.</summary>
internal sealed class ScriptedDiscovery : IAsyncDisposable
{
    public const string AddressType = "type.googleapis.com/istio.workload.Address";
    public const string AuthorizationType = "type.googleapis.com/istio.security.Authorization";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly Channel<DiscoveryStream> _streams = Channel.CreateUnbounded<DiscoveryStream>();
    private PodControlPlane? _server;
    private MeshPair _mesh = null!;
    private int _opened;

    /// <summary>Whether the first state is nothing but the client itself.</summary>
    public bool IsOnDemand { get; init; }

    /// <summary>Whether it is in a pod of its own, and not in the client's.</summary>
    public bool IsElsewhere { get; init; }

    /// <summary>Where the client's proxy keeps the last state; null for nowhere.</summary>
    public string? SnapshotPath { get; init; }

    /// <summary>A mesh whose client's proxy has its state from here.</summary>
    public MeshPlan Plan() => new()
    {
        Prepare = async mesh =>
        {
            _mesh = mesh;
            _server = await PodControlPlane.StartAsync(ServeAsync, IsElsewhere ? mesh.Stranger : mesh.Client);
            return new MeshPlan
            {
                ClientSettings =
                [
                    ("XDS_ADDRESS", IsElsewhere ? PodControlPlane.AddressIn(mesh.Stranger) : PodControlPlane.Address(0)), ("ALT_XDS_HOSTNAME", "localhost"), ("XDS_ROOT_CA", _server.RootPem), ("LOCAL_XDS_PATH", ""), ("XDS_ON_DEMAND", IsOnDemand ? "true" : "false"),
                    ("XDS_SNAPSHOT_PATH", SnapshotPath ?? ""), ("XDS_SNAPSHOT_WAIT", "500ms"),
                ],
            };
        },
    };

    /// <summary>The next stream. The first has delivered the good state already; a later one has delivered nothing.</summary>
    public async Task<DiscoveryStream> AcceptAsync() => await _streams.Reader.ReadAsync().AsTask().WaitAsync(Limit);

    /// <summary>The server's workload, changed.</summary>
    public Resource ServerWorkload(Action<Workload>? change = null)
    {
        var workload = Named("server", _mesh.Server.Address);
        workload.Services["bench/cart.bench.svc.cluster.local"] = new PortList { Ports = { new Port { ServicePort = 9000, TargetPort = 9000 } } };
        change?.Invoke(workload);
        return Pack(workload.Uid, new Address { Workload = workload });
    }

    /// <summary>A Service in front of the server.</summary>
    public static Resource Service(string name, IPAddress vip)
    {
        string host = name + ".bench.svc.cluster.local";
        var service = new Service { Name = name, Namespace = "bench", Hostname = host, Ports = { new Port { ServicePort = 9000, TargetPort = 9000 } } };
        service.Addresses.Add(new NetworkAddress { Address = ByteString.CopyFrom(vip.GetAddressBytes()) });
        return Pack("bench/" + host, new Address { Service = service });
    }

    /// <summary>A resource of any content.</summary>
    public static Resource Pack(string name, IMessage message) => new() { Name = name, Version = "1", Resource_ = Any.Pack(message) };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private static Workload Named(string name, IPAddress address) => new()
    {
        Uid = "c//Pod/bench/" + name,
        Name = name,
        Namespace = "bench",
        ServiceAccount = name,
        TrustDomain = "cluster.local",
        TunnelProtocol = TunnelProtocol.Hbone,
        Addresses = { ByteString.CopyFrom(address.GetAddressBytes()) },
    };

    private async Task ServeAsync(HttpContext context)
    {
        await PodControlPlane.BeginAsync(context);
        var stream = new DiscoveryStream(context);
        await stream.ReadFirstAsync();
        if (Interlocked.Increment(ref _opened) == 1)
        {
            Workload client = Named("client", _mesh.Client.Address);
            Resource[] others = IsOnDemand ? [] : [ServerWorkload(), Service("cart", MeshPair.Service.Address)];
            await stream.SendAsync(AddressType, "first-a", [Pack(client.Uid, new Address { Workload = client }), .. others]);
            await stream.SendAsync(AuthorizationType, "first-p", []);
            Assert.Equal(["first-a", "first-p"], [(await stream.NextAsync()).ResponseNonce, (await stream.NextAsync()).ResponseNonce]);
        }

        await _streams.Writer.WriteAsync(stream);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
    }
}
