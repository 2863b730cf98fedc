using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Ambient.Component.Tests.Ztunnel;

namespace Ambient.Component.Tests.Waypoints;

/// <summary>Clients that ask the service of a <see cref="SharedPlane"/> one request after the other until they are told to end: most on a new connection each time, one on the same. Thread-safe.</summary>
internal sealed class ContinuousLoad : IAsyncDisposable
{
    private const int OnNewConnections = 3;
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly Task[] _clients;
    private volatile bool _isOver;
    private long _answers;

    private ContinuousLoad(SharedPlane plane)
    {
        Action[] clients = [.. Enumerable.Repeat(() => Note(plane.Ask(SharedPlane.Get)), OnNewConnections), Kept(plane)];
        _clients = [.. clients.Select(client => Task.Factory.StartNew(() => Repeat(client), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
    }

    /// <summary>Answers so far.</summary>
    public long Answers => Interlocked.Read(ref _answers);

    /// <summary>Everything that was not answered with 200, and when: how many answers there were before.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    public static ContinuousLoad Begin(SharedPlane plane) => new(plane);

    /// <summary>Waits for the clients to end.</summary>
    public async ValueTask DisposeAsync()
    {
        _isOver = true;
        await Task.WhenAll(_clients);
    }

    private void Repeat(Action client)
    {
        while (!_isOver)
        {
            client();
        }
    }

    private Action Kept(SharedPlane plane)
    {
        Socket? kept = null;
        return () =>
        {
            try
            {
                kept ??= MeshPair.Connect(plane.Client, new IPEndPoint(MeshPair.Service.Address, PlaneMesh.HttpPort));
                string answer = WaypointMesh.Ask(kept, SharedPlane.Get);
                Note(answer);
                if (answer.Length > 0 && !_isOver)
                {
                    return;
                }
            }
            catch (SocketException failed)
            {
                Note("kept connection: " + failed.Message);
            }

            kept?.Dispose();
            kept = null;
        };
    }

    private void Note(string answer)
    {
        long before = Interlocked.Increment(ref _answers) - 1;
        if (!answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
        {
            _failures.Enqueue($"after {before}: {answer}");
        }
    }
}
