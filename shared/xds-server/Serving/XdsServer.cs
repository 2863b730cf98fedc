using System.Collections.Concurrent;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Server;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Sessions;

namespace Ambient.Xds.Server.Serving;

/// <summary>Serves a store to any number of delta xDS clients (control-plane reference section 5). Thread-safe.</summary>
public sealed class XdsServer : IAsyncDisposable
{
    /// <summary>The path of the delta stream.</summary>
    public const string Path = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

    private readonly ResourceStore _store;
    private readonly XdsServerOptions _options;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<XdsClient, bool> _clients = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Signal _changed = new();
    private readonly StreamLimits _limits;
    private readonly NameBudget _names;
    private Task _telling = Task.CompletedTask;
    private int _count;

    /// <summary>Makes a server; <see cref="Start"/> begins to tell changes.</summary>
    public XdsServer(ResourceStore store, XdsServerOptions options, TimeProvider clock)
    {
        _store = store;
        _options = options;
        _clock = clock;
        _limits = new StreamLimits(options, clock);
        _names = new NameBudget(options.MaxNamesOfAll);
        Method = GrpcMethod.Streams(Path, ServeAsync);
    }

    /// <summary>What a <see cref="GrpcServer"/> is to serve.</summary>
    public GrpcMethod Method { get; }

    /// <summary>The clients of this moment.</summary>
    public IReadOnlyList<XdsClientStatus> Clients => [.. _clients.Keys.Select(static client => client.Status())];

    /// <summary>The telling, since <see cref="Start"/>; when it ends before the server does, no client hears of changes any more.</summary>
    public Task Telling => _telling;

    /// <summary>Begins to tell clients of changes.</summary>
    public void Start()
    {
        _store.Changed += _changed.Set;
        _telling = Task.Run(() => TellAsync(_stopping.Token));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _store.Changed -= _changed.Set;
        await _stopping.CancelAsync();

        // How it ended is said by Telling.
        await _telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task ServeAsync(GrpcServerCall call)
    {
        XdsCaller caller = await _options.Authenticate(call, call.Aborted);
        if (!_options.IsReady())
        {
            throw new GrpcException(GrpcCode.Unavailable, "transport is closing: this control plane does not know the whole mesh yet");
        }

        if (!_limits.TryEnter(caller))
        {
            throw new GrpcException(GrpcCode.ResourceExhausted, "this caller has as many streams as one may have");
        }

        try
        {
            if (!await _limits.AwaitTurnAsync(call.Aborted))
            {
                throw new GrpcException(GrpcCode.ResourceExhausted, "too many clients connect at this moment; come again");
            }

            await ServeAsync(call, caller);
        }
        finally
        {
            _limits.Leave(caller);
        }
    }

    private async Task ServeAsync(GrpcServerCall call, XdsCaller caller)
    {
        if (Interlocked.Increment(ref _count) > _options.MaxClients)
        {
            Interlocked.Decrement(ref _count);
            throw new GrpcException(GrpcCode.ResourceExhausted, $"this control plane serves {_options.MaxClients} clients already");
        }

        using var client = new XdsClient(call, caller.Identities, _store, _options, _names, _clock);
        _clients[client] = true;
        try
        {
            await client.RunAsync();
        }
        finally
        {
            _clients.TryRemove(client, out _);
            Interlocked.Decrement(ref _count);
        }
    }

    /// <summary>Gathers changes until it is quiet, then wakes everyone.</summary>
    private async Task TellAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await _changed.WaitAsync(cancellation);
                await GatherAsync(cancellation);
                foreach (XdsClient client in _clients.Keys)
                {
                    client.Wake();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task GatherAsync(CancellationToken cancellation)
    {
        long began = _clock.GetTimestamp();
        long seen;
        do
        {
            seen = _store.Sequence;
            await Task.Delay(_options.Quiet, _clock, cancellation);
        }
        while (_store.Sequence != seen && _clock.GetElapsedTime(began) < _options.MaxDelay);
    }
}
