using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Server;
using Ambient.Grpc.Tests.Servers;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Views;
using Ambient.Xds.Client;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Serving;

namespace Ambient.Xds.Server.Tests.Serving;

/// <summary>A store, served over TLS; the token "good" is a ztunnel of the system namespace.</summary>
internal sealed class ServedMesh : IAsyncDisposable
{
    private GrpcServer _grpc = null!;
    private XdsServer _xds = null!;

    public ResourceStore Store { get; } = Make.Store();

    public ServerCertificate Certificate { get; } = new("localhost");

    public RecordingServer Observer { get; } = new();

    public bool IsReady { get; set; } = true;

    public XdsServerOptions Options { get; init; } = new() { Authenticate = Authenticate };

    public IReadOnlyList<XdsClientStatus> Clients => _xds.Clients;

    public static async Task<ServedMesh> StartAsync(int port = 0, Func<XdsServerOptions, XdsServerOptions>? change = null)
    {
        var mesh = new ServedMesh();
        mesh = change is null ? mesh : new ServedMesh { Options = change(mesh.Options) };
        await mesh.ListenAsync(port);
        return mesh;
    }

    public int Port => _grpc.Address.Port;

    public GrpcChannel Channel(string token = "good") => new(
        new GrpcChannelOptions
        {
            Address = new Uri($"https://localhost:{Port}"),
            Roots = ServerRoots.FromPem(Certificate.RootPem),
            Headers = _ => ValueTask.FromResult<IReadOnlyList<KeyValuePair<string, string>>>([KeyValuePair.Create("authorization", "Bearer " + token)]),
        },
        TimeProvider.System);

    /// <summary>A ztunnel's own client, running until it is disposed.</summary>
    public RunningClient Connect(string podNamespace = "istio-system", string token = "good") => new(this, podNamespace, token);

    /// <summary>Cuts every connection and listens again on the same port.</summary>
    public async Task RestartAsync()
    {
        int port = Port;
        await StopAsync();
        await ListenAsync(port);
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task ListenAsync(int port)
    {
        _xds = new XdsServer(Store, Options with { Authenticate = Authenticate, IsReady = () => IsReady, Observer = Observer }, TimeProvider.System);
        SslStreamCertificateContext certificate = SslStreamCertificateContext.Create(Certificate.Certificate, null, offline: true);
        var options = new GrpcServerOptions { Address = new IPEndPoint(IPAddress.Loopback, port), Certificate = () => certificate };
        _grpc = await GrpcServer.StartAsync(options, [_xds.Method], TimeProvider.System, CancellationToken.None);
        _xds.Start();
    }

    private async Task StopAsync()
    {
        await _grpc.DisposeAsync();
        await _xds.DisposeAsync();
    }

    private static ValueTask<XdsCaller> Authenticate(GrpcServerCall call, CancellationToken cancellation) => call.Header("authorization") is ["Bearer good"]
        ? ValueTask.FromResult(new XdsCaller([new SpiffeId("cluster.local", "istio-system", "ztunnel")], "uid"))
        : throw new GrpcException(GrpcCode.Unauthenticated, "the caller is not known");

    internal sealed class RecordingServer : XdsServerObserver
    {
        private int _sent;

        public ConcurrentQueue<string> Refusals { get; } = new();

        public int SentResources => Volatile.Read(ref _sent);

        public override void OnSent(string client, string typeUrl, int resources, int removed, long bytes) => Interlocked.Add(ref _sent, resources);

        public override void OnRefused(string client, string typeUrl, string reason) => Refusals.Enqueue(reason);
    }

    internal sealed class RunningClient : AdsObserver, IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public RunningClient(ServedMesh mesh, string podNamespace, string token)
        {
            var options = new AdsClientOptions
            {
                MakeChannel = () => mesh.Channel(token),
                Node = NodeIdentity.Build(new NodeSettings { PodName = "zt", PodNamespace = podNamespace, NodeName = "n1" }),
                Observer = this,
            };
            Client = new AdsClient(options, State, TimeProvider.System);
            _running = Client.RunAsync(_stop.Token);
        }

        public MeshState State { get; } = new("n1");

        public AdsClient Client { get; }

        public ConcurrentQueue<string> Ends { get; } = new();

        public int Responses => Volatile.Read(ref _responses);

        private int _responses;

        public override void OnTerminated(StreamEnd end, string detail, TimeSpan wait) => Ends.Enqueue($"{end}: {detail}");

        public override void OnResponse(string typeUrl, int resources, int removed, long payloadBytes) => Interlocked.Increment(ref _responses);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }
    }
}
