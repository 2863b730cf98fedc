using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Testing.Waiting;
using Ambient.Topology.Networks;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>
/// Clients that send one request after the other on connections that they keep, as libraries do: one that finds its kept connection closed without an answer sends
/// the request again on another. Thread-safe.
/// </summary>
internal sealed class RequestLoad : IAsyncDisposable
{
    private const string Request = "GET /load HTTP/1.1\r\nHost: cart\r\n\r\n";

    private readonly Task[] _callers;
    private readonly Lock _gate = new();
    private readonly List<string> _failures = [];
    private readonly int[] _interrupted;
    private volatile bool _stopped;
    private long _answered;
    private long _retried;

    private RequestLoad(VirtualPod from, IPEndPoint target, int callers)
    {
        _interrupted = new int[callers];

        // Threads of their own: the pool's are for the backends.
        _callers = [.. Enumerable.Range(0, callers).Select(caller => Task.Factory.StartNew(() => Call(caller, from, target), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
    }

    /// <summary>Requests that were answered with 200.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Requests that were sent again, because their kept connection was closed before the first byte of an answer.</summary>
    public long Retried => Interlocked.Read(ref _retried);

    /// <summary>What became of those that failed.</summary>
    public string[] Failures
    {
        get
        {
            lock (_gate)
            {
                return [.. _failures];
            }
        }
    }

    /// <summary>Of each client, how often it was not answered: requests that were sent again, and those that failed.</summary>
    public int[] Interrupted
    {
        get
        {
            lock (_gate)
            {
                return [.. _interrupted];
            }
        }
    }

    public static RequestLoad Start(VirtualPod from, IPEndPoint target, int callers) => new(from, target, callers);

    /// <summary>Returns once so many more were answered.</summary>
    public async Task MoreAsync(int count)
    {
        long target = Answered + count;
        await Eventually.TrueAsync(() => Answered >= target || Failures.Length > 100);
        Assert.True(Failures.Length <= 100, $"{Answered} answered, but: {string.Join("; ", Failures.Take(5))}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _stopped = true;
        await Task.WhenAll(_callers);
    }

    private void Call(int caller, VirtualPod from, IPEndPoint target)
    {
        while (!_stopped)
        {
            try
            {
                using Socket socket = MeshPair.Connect(from, target);
                Use(caller, socket);
            }
            catch (SocketException refused)
            {
                Fail(caller, "connect: " + refused.SocketErrorCode);
            }
        }
    }

    private void Use(int caller, Socket socket)
    {
        for (int sent = 0; !_stopped; sent++)
        {
            string answer;
            string how = "the end";
            try
            {
                answer = WaypointMesh.Ask(socket, Request);
            }
            catch (SocketException broken)
            {
                (answer, how) = ("", broken.SocketErrorCode.ToString());
            }

            if (answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) && WaypointMesh.IsWhole(answer))
            {
                Interlocked.Increment(ref _answered);
                if (answer.Contains("\r\nconnection: close\r\n", StringComparison.OrdinalIgnoreCase))
                {
                    return;
                }

                continue;
            }

            if (answer.Length == 0 && sent > 0 && how == "the end")
            {
                Interlocked.Increment(ref _retried);
                Interrupt(caller);
            }
            else
            {
                Fail(caller, $"request {sent} of its connection: {how} after '{answer[..Math.Min(answer.Length, 60)]}'");
            }

            return;
        }
    }

    private void Fail(int caller, string how)
    {
        Interrupt(caller);
        lock (_gate)
        {
            _failures.Add($"client {caller}: {how}");
        }
    }

    private void Interrupt(int caller)
    {
        lock (_gate)
        {
            _interrupted[caller]++;
        }
    }
}
