using Ambient.Grpc.Framing;
using Ambient.Grpc.Server;
using Ambient.Mesh.Identities;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Sessions;

namespace Ambient.Xds.Server.Serving;

/// <summary>
/// One connected client: reads its requests, sends what is due. Thread-safe where it is woken and asked.
/// </summary>
/// <remarks>
/// While a send waits for the client's window nothing is prepared; afterwards the client gets the state of then. So a slow client costs
/// one response at most, whatever happens meanwhile.
/// </remarks>
internal sealed class XdsClient(GrpcServerCall call, IReadOnlyList<SpiffeId> callers, ResourceStore store, XdsServerOptions options, NameBudget budget, TimeProvider clock) : IDisposable
{
    private readonly DeltaSession _session = new(store, new DeltaSessionLimits { MaxNames = options.MaxNames, MaxResponseBytes = options.MaxResponseBytes }, clock, budget);
    private readonly Signal _due = new();
    private readonly DateTimeOffset _connected = clock.GetUtcNow();
    private readonly string _peer = call.Peer; // Whoever asks for the status may do so when the call has just ended, and its connection with it.
    private volatile ClientNode? _node;

    public void Dispose() => _session.Leave();

    /// <summary>Something may be due.</summary>
    internal void Wake() => _due.Set();

    internal XdsClientStatus Status() => new(_node?.Id ?? "", _node?.NodeName ?? "", _peer, _connected, _session.Status()) { Identities = callers };

    /// <summary>Serves until either side ends it.</summary>
    internal async Task RunAsync()
    {
        // The client may wait for the head before it sends its first request.
        await call.StartAsync();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Aborted, call.Ending);
        Task reading = ReadAsync(stop.Token);
        Task writing = WriteAsync(stop.Token);
        Task first = await Task.WhenAny(reading, writing);
        await stop.CancelAsync();
        try
        {
            await first;
        }
        catch (OperationCanceledException) when (call.Ending.IsCancellationRequested && !call.Aborted.IsCancellationRequested)
        {
            throw new GrpcException(GrpcCode.Unavailable, "transport is closing: this connection is recycled");
        }
        finally
        {
            await Task.WhenAll(reading, writing).ContinueWith(static all => all.Exception, TaskScheduler.Default);
            if (_node is { } node)
            {
                options.Observer.OnDisconnected(node.Id, clock.GetUtcNow() - _connected);
            }
        }
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        while (await call.ReadAsync(DeltaDiscoveryRequest.Parser, cancellation) is { } request)
        {
            if (_node is null)
            {
                _node = ClientNode.Check(request.Node, callers);
                _session.SetNode(_node.NodeName, options.Owner(callers, request.Node));
                options.Observer.OnConnected(_node.Id, _peer);
            }

            RequestKind kind = _session.Take(request, out string? refusal);
            options.Observer.OnRequest(_node.Id, request.TypeUrl, kind);
            if (refusal is not null)
            {
                options.Observer.OnRefused(_node.Id, request.TypeUrl, refusal);
            }

            if (kind is RequestKind.First || request.ResourceNamesSubscribe.Count + request.ResourceNamesUnsubscribe.Count > 0)
            {
                Wake();
            }
        }
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await _due.WaitAsync(cancellation);
            foreach (Outgoing outgoing in _session.Due())
            {
                await call.SendPartsAsync(outgoing.ToParts(), cancellation);
                options.Observer.OnSent(_node?.Id ?? "", outgoing.TypeUrl, outgoing.Resources.Count, outgoing.Removed.Count, outgoing.Resources.Sum(static entry => (long)entry.Field.Length));
            }
        }
    }
}
