using System.Collections.Concurrent;
using System.Threading.Channels;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Tests.Servers;
using Ambient.Mesh.Views;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Client;
using Ambient.Xds.Snapshots;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;

namespace Ambient.Xds.Tests.Client;

/// <summary>A control plane that a test plays move by move, with a client under test.</summary>
internal sealed class AdsServer : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly Channel<AdsConnection> _connections = Channel.CreateUnbounded<AdsConnection>();
    private readonly CancellationTokenSource _stop = new();
    private TestServer _server = null!;
    private ResourceSnapshot? _snapshot;
    private Task? _running;

    public MeshState State { get; } = new("node1");

    public AdsClient Client { get; private set; } = null!;

    public RecordingObserver Observer { get; } = new();

    public static async Task<AdsServer> StartAsync(Func<AdsClientOptions, AdsClientOptions>? change = null)
    {
        var server = new AdsServer();
        server._server = await TestServer.StartAsync(server.ServeAsync);
        var options = new AdsClientOptions
        {
            MakeChannel = () => server._server.Channel(),
            Node = NodeIdentity.Build(new NodeSettings { PodName = "zt", PodNamespace = "istio-system", NodeName = "node1" }),
            Observer = server.Observer,
        };
        options = change is null ? options : change(options);
        server._snapshot = options.Snapshot;
        server.Client = new AdsClient(options, server.State, TimeProvider.System);
        server.Client.TryRestore();
        server._running = server.Client.RunAsync(server._stop.Token);
        return server;
    }

    public async Task<AdsConnection> AcceptAsync() => await _connections.Reader.ReadAsync().AsTask().WaitAsync(Limit);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running!.WaitAsync(Limit);
        _snapshot?.Dispose();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        await TestServer.BeginAsync(context);
        var connection = new AdsConnection(context);
        await _connections.Writer.WriteAsync(connection);
        await connection.Ended.WaitAsync(context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    internal sealed class AdsConnection(HttpContext context)
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly MessageReader _reader = new(context.Request.Body, 100_000_000);

        public Task Ended => _end.Task;

        public HttpContext Context => context;

        public async Task<DeltaDiscoveryRequest> NextAsync() =>
            await _reader.ReadAsync(DeltaDiscoveryRequest.Parser, CancellationToken.None).AsTask().WaitAsync(Limit) ?? throw new InvalidOperationException("the client ended the stream");

        public async Task<(DeltaDiscoveryRequest Address, DeltaDiscoveryRequest Authorization)> FirstAsync() => (await NextAsync(), await NextAsync());

        public Task SendAsync(string typeUrl, string nonce, IEnumerable<(string Name, IMessage? Message)> resources, params string[] removed)
        {
            var response = new DeltaDiscoveryResponse { TypeUrl = typeUrl, Nonce = nonce };
            response.RemovedResources.AddRange(removed);
            foreach ((string name, IMessage? message) in resources)
            {
                response.Resources.Add(new Resource { Name = name, Version = "v-" + nonce, Resource_ = message is null ? null : Any.Pack(message) });
            }

            return TestServer.SendAsync(context, response);
        }

        public Task SendRawAsync(byte[] bytes) => context.Response.Body.WriteAsync(bytes).AsTask();

        public void End(int status = 0, string? message = null)
        {
            TestServer.End(context, status, message);
            _end.TrySetResult();
        }

        public void Reset()
        {
            context.Abort();
            _end.TrySetResult();
        }
    }

    internal sealed class RecordingObserver : AdsObserver
    {
        public ConcurrentQueue<(StreamEnd End, string Detail)> Ends { get; } = new();

        public ConcurrentQueue<string> Notes { get; } = new();

        public override void OnTerminated(StreamEnd end, string detail, TimeSpan wait) => Ends.Enqueue((end, detail));

        public override void OnUnknownType(string typeUrl) => Notes.Enqueue("unknown " + typeUrl);

        public override void OnRejected(string typeUrl, string reasons) => Notes.Enqueue("rejected " + reasons);
    }
}
