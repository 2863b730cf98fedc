using System.Net;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>New connections to an echo server, one after the other, until it is stopped; none may fail. Thread-safe.</summary>
internal sealed class SteadyTraffic : IAsyncDisposable
{
    private readonly Task[] _callers;
    private volatile bool _stopped;
    private long _answered;

    private SteadyTraffic(VirtualPod from, IPEndPoint target, int callers) =>
        _callers = [.. Enumerable.Range(0, callers).Select(_ => Task.Run(() => Call(from, target)))];

    /// <summary>Connections that were answered so far.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    public static SteadyTraffic Start(VirtualPod from, IPEndPoint target, int callers = 2) => new(from, target, callers);

    /// <summary>Returns once so many more connections were made and answered from now on; fails with the first that was not.</summary>
    public async Task MoreAsync(int count = 20)
    {
        long target = Answered + count;
        await Eventually.TrueAsync(() => Answered >= target || Array.Exists(_callers, c => c.IsFaulted));
        await Task.WhenAll(_callers.Where(c => c.IsFaulted));
    }

    /// <summary>Stops and fails if a connection did.</summary>
    public async Task StopAsync()
    {
        _stopped = true;
        await Task.WhenAll(_callers);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _stopped = true;
        await Task.WhenAll(_callers).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    private void Call(VirtualPod from, IPEndPoint target)
    {
        while (!_stopped)
        {
            Assert.True(AppTalk.TryAsk(from, target), $"connection {Answered + 1} failed");
            Interlocked.Increment(ref _answered);
        }
    }
}
