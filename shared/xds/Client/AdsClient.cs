using System.Threading.Channels;
using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Ambient.Mesh.Views;
using Ambient.Protocol.Envoy.Discovery;

namespace Ambient.Xds.Client;

/// <summary>
/// Keeps the mesh's state equal to what the control plane says, over one delta stream at a time, for ever
/// (ztunnel reference section 4). Whatever the server does, the last good state stays in force. Thread-safe.
/// </summary>
public sealed class AdsClient
{
    private const string Method = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
    private const int MaxQueued = 256;
    private const int LargeMesh = 10_000;

    // Never sent: it makes the writer look for names that the control plane has not been told.
    private static readonly DeltaDiscoveryRequest NamesChanged = new();

    private readonly AdsClientOptions _options;
    private readonly TimeProvider _clock;
    private readonly OnDemandWaiters _waiters = new();
    private readonly AskedNames _asked = new();
    private readonly NeedsSink? _needs;
    private readonly ResponseHandler _handler;
    private readonly string[] _types;
    private readonly HashSet<string> _notYetReady;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ChannelWriter<DeltaDiscoveryRequest>? _outgoing;

    /// <summary>Makes a client; <see cref="RunAsync"/> starts it.</summary>
    public AdsClient(AdsClientOptions options, MeshState state, TimeProvider clock)
    {
        _options = options;
        _clock = clock;
        _needs = options.NeedsType is { } type ? new NeedsSink(type) : null;
        IResourceSink[] first = _needs is null ? [] : [_needs];
        _handler = new ResponseHandler(state, _waiters, options.Observer, options.Snapshot, [.. first, .. options.Sinks]);

        // Whoever takes what it needs says so before it asks for addresses. Not every control plane answers to that.
        string[] policies = options.Policies ? [TypeUrls.Authorization] : [];
        _types = [.. first.Select(static sink => sink.TypeUrl), TypeUrls.Address, .. policies, .. options.Sinks.Select(static sink => sink.TypeUrl)];
        _notYetReady = [.. _types.Where(type => type != options.NeedsType && !(options.OnDemand && type == TypeUrls.Address))];
    }

    /// <summary>Completes once every type that is not on demand was delivered whole; losing the stream later doesn't undo it.</summary>
    public Task Ready => _ready.Task;

    /// <summary>
    /// Takes the snapshot as the state, and offers it to the control plane as what is held already. False when there is none. Before
    /// <see cref="RunAsync"/>.
    /// </summary>
    public bool TryRestore() => _options.Snapshot?.TryRestore(_handler.Restore) ?? false;

    /// <summary>Whether the control plane sends the addresses that are needed, and not all.</summary>
    public bool IsLimited => _needs?.IsLimited ?? false;

    /// <summary>
    /// Subscribes to an address beside what is needed, on this stream and all later ones, until it is given up. Nothing is different while the control plane sends all of them.
    /// </summary>
    /// <param name="name"><c>network/ip</c>, a workload's uid, or <c>namespace/hostname</c>: the service with its workloads.</param>
    public void Ask(string name)
    {
        if (_needs is not null && _asked.Add(name))
        {
            _outgoing?.TryWrite(NamesChanged);
        }
    }

    /// <summary>Takes that back.</summary>
    public void GiveUp(string name)
    {
        if (_asked.Remove(name))
        {
            _outgoing?.TryWrite(NamesChanged);
        }
    }

    /// <summary>
    /// Subscribes, and waits until the control plane has said what it is, or that it isn't. False when that is not to be expected: when nobody is there who could say it, or when it was asked before.
    /// </summary>
    public async Task<bool> AskAsync(string name, CancellationToken cancellation)
    {
        if (!IsLimited || _outgoing is null || _waiters.Add(name, out bool isFirst) is not { } waiter)
        {
            Ask(name);
            return false;
        }

        if (_asked.Add(name))
        {
            _outgoing?.TryWrite(NamesChanged);
        }
        else if (isFirst)
        {
            _waiters.Remove(name, waiter);
            return false;
        }

        return await WaitAsync(name, waiter, cancellation);
    }

    /// <summary>Works until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var backoff = new Backoff(_options.FirstBackoff, _options.MaxBackoff, _options.Jitter, Random.Shared);
        while (!cancellation.IsCancellationRequested)
        {
            var progress = new Progress();
            StreamEnd end;
            string detail;
            try
            {
                await StreamAsync(progress, cancellation);
                (end, detail) = (StreamEnd.Complete, "the server ended the stream");
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (GrpcException failure)
            {
                (end, detail) = (Classify(failure), failure.Message);
            }
            catch (Exception failure)
            {
                // Such as unreadable roots or an empty token file: operators see why, and the loop goes on.
                (end, detail) = (StreamEnd.Error, failure.Message);
            }

            TimeSpan wait = backoff.After(end, progress.Responses > 0);
            _options.Observer.OnTerminated(end, detail, wait);
            try
            {
                await Task.Delay(wait, _clock, cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Asks for an address in on-demand mode and waits until the control plane has said what it is, or that it isn't.
    /// False when it said nothing within the limit.
    /// </summary>
    /// <param name="name"><c>network/ip</c>, a workload's uid, or <c>namespace/hostname</c>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<bool> DemandAsync(string name, CancellationToken cancellation)
    {
        if (!_options.OnDemand || _waiters.Add(name, out bool isFirst) is not { } waiter)
        {
            return false;
        }

        if (isFirst)
        {
            // When there is no stream, or its queue is full, the name goes out with the next stream's first request.
            _outgoing?.TryWrite(new DeltaDiscoveryRequest { TypeUrl = TypeUrls.Address, ResourceNamesSubscribe = { name } });
        }

        return await WaitAsync(name, waiter, cancellation);
    }

    private async Task<bool> WaitAsync(string name, TaskCompletionSource<bool> waiter, CancellationToken cancellation)
    {
        try
        {
            return await waiter.Task.WaitAsync(_options.OnDemandLimit, _clock, cancellation);
        }
        catch (TimeoutException)
        {
            return false;
        }
        finally
        {
            _waiters.Remove(name, waiter);
        }
    }

    internal static StreamEnd Classify(GrpcException failure) => failure switch
    {
        { IsConnectFailure: true } => StreamEnd.ConnectionError,
        { Code: GrpcCode.Unknown or GrpcCode.Cancelled or GrpcCode.DeadlineExceeded } => StreamEnd.Reconnect,
        { Code: GrpcCode.Unavailable } when failure.Detail.Contains("transport is closing", StringComparison.Ordinal)
            || failure.Detail.Contains("received prior goaway", StringComparison.Ordinal) => StreamEnd.Reconnect,
        _ => StreamEnd.Error,
    };

    private async Task StreamAsync(Progress progress, CancellationToken cancellation)
    {
        using GrpcChannel channel = _options.MakeChannel();
        await using GrpcCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call =
            await channel.OpenAsync<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(Method, DeltaDiscoveryResponse.Parser, cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

        // Answers and on-demand requests share one queue; while it is full no response is read.
        // Open before the first request is made: a name is in either, never in neither.
        var queue = Channel.CreateBounded<DeltaDiscoveryRequest>(MaxQueued);
        _outgoing = queue.Writer;
        Task writing = WriteAsync(call, [.. _types.Select(FirstRequest)], queue, stop.Token);
        try
        {
            _options.Observer.OnConnected();
            while (await call.ReadAsync(stop.Token) is { } response)
            {
                progress.Responses++;
                DeltaDiscoveryRequest answer = _handler.Handle(response);
                await AnswerAsync(queue.Writer, answer, stop.Token);
                NoteReady(answer);
            }
        }
        finally
        {
            _outgoing = null;
            await stop.CancelAsync();
            await writing;
        }
    }

    private static async Task AnswerAsync(ChannelWriter<DeltaDiscoveryRequest> queue, DeltaDiscoveryRequest answer, CancellationToken cancellation)
    {
        try
        {
            await queue.WriteAsync(answer, cancellation);
        }
        catch (ChannelClosedException)
        {
            // Nothing can be sent any more: the next read says how the stream ended.
        }
    }

    /// <summary>Writes until the stream ends. A failed write is no news: the reader learns how the stream ended.</summary>
    private async Task WriteAsync(
        GrpcCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call,
        IReadOnlyList<DeltaDiscoveryRequest> first,
        Channel<DeltaDiscoveryRequest> queue,
        CancellationToken cancellation)
    {
        try
        {
            foreach (DeltaDiscoveryRequest request in first)
            {
                await call.SendAsync(request, cancellation);
            }

            await foreach (DeltaDiscoveryRequest request in queue.Reader.ReadAllAsync(cancellation))
            {
                if (!ReferenceEquals(request, NamesChanged))
                {
                    await call.SendAsync(request, cancellation);
                }

                // Also where there was no room in the queue to say that there are some.
                if (IsLimited && _asked.TakeChange() is { } change)
                {
                    await call.SendAsync(change, cancellation);
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or GrpcException)
        {
            // Either way the stream is over, and the reader says why.
        }
        finally
        {
            // A reader that waits for room in the queue would otherwise wait for ever.
            queue.Writer.TryComplete();
        }
    }

    private DeltaDiscoveryRequest FirstRequest(string typeUrl)
    {
        var request = new DeltaDiscoveryRequest { TypeUrl = typeUrl, Node = _options.Node };
        foreach ((string name, string version) in _handler.TableOf(typeUrl).All())
        {
            request.InitialResourceVersions[name] = version;
        }

        if (_needs is not null && typeUrl == TypeUrls.Address)
        {
            // All, which means what is needed to those who know what that is, and these.
            request.ResourceNamesSubscribe.Add("*");
            request.ResourceNamesSubscribe.AddRange(_asked.TakeAll());
        }
        else if (_options.OnDemand && typeUrl == TypeUrls.Address)
        {
            // Both together mean: the type is wanted, and nothing of it yet.
            request.ResourceNamesSubscribe.Add("*");
            request.ResourceNamesUnsubscribe.Add("*");
            foreach (string name in _waiters.Names)
            {
                request.InitialResourceVersions[name] = request.InitialResourceVersions.TryGetValue(name, out string? held) ? held : "";
            }
        }

        return request;
    }

    private void NoteReady(DeltaDiscoveryRequest answer)
    {
        if (answer.ErrorDetail is null && _notYetReady.Remove(answer.TypeUrl) && _notYetReady.Count == 0)
        {
            if (_handler.TableOf(TypeUrls.Address).Count > LargeMesh)
            {
                // The first responses left several times the memory of what is kept. Nothing is served yet, so a pause costs nothing now.
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }

            _options.Snapshot?.MarkComplete();
            _ready.TrySetResult();
        }
    }

    private sealed class Progress
    {
        internal int Responses { get; set; }
    }
}
