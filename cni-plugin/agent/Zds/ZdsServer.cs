using System.Collections.Concurrent;
using System.Diagnostics;
using Ambient.Linux;
using Ambient.Linux.Polling;
using Ambient.Linux.Sockets;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Zds;

/// <summary>
/// The agent's side of the ZDS socket (cni-and-redirection.md 4.7): tells every ztunnel that connects which pods there are, and the world which of
/// them are served. One thread owns everything; public members are thread-safe and only leave messages for it.
/// </summary>
/// <remarks>
/// Pods are desired state. Each connection is told the difference between it and what it heard before, so that nothing has to be remembered across
/// a connection that breaks. New pods go to the newest ztunnel that has its whole snapshot and to every newer one: during a hand-over both know a new
/// pod, and a newcomer that never answers takes nothing away from the one that works. Removals go to everybody.
/// </remarks>
public sealed class ZdsServer : IDisposable
{
    private const ulong ListenerTag = 0, WakerTag = 1, FirstConnection = 2;
    private const uint Readable = 0x1, Writable = 0x4, PeerClosed = 0x2000;
    private const int EventsPerTurn = 32;
    private readonly ZdsTimings _timings;
    private readonly ZdsProofs _proofs;
    private readonly IZdsEvents _events;
    private readonly Logger _log;
    private readonly string _path;
    private readonly PacketSocket _listener;
    private readonly Waker _waker = new();
    private readonly EpollSet _epoll = new(EventsPerTurn);
    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly Dictionary<string, ZdsPod> _pods = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, ZdsConnection> _connections = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Thread _thread;
    private long _lastConnection = (long)FirstConnection - 1;
    private (int Connected, int Settled) _told;
    private long _leader;
    private bool _gateOpen;
    private volatile bool _stopping;

    /// <summary>Binds the socket (mode 0600, a stale file is replaced) and starts. Throws <see cref="LinuxException"/>.</summary>
    public ZdsServer(string path, ZdsTimings timings, IZdsEvents events, Logger log)
    {
        ArgumentNullException.ThrowIfNull(timings);
        (_path, _timings, _events, _log) = (path, timings, events, log);
        _proofs = new ZdsProofs(events);
        _listener = PacketSocket.Listen(path, 16);

        // Whoever connects is handed the namespaces of pods.
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _epoll.Add(_listener.Descriptor, Readable, ListenerTag).OrThrow("epoll_ctl", path);
        _epoll.Add(_waker.Descriptor, Readable, WakerTag).OrThrow("epoll_ctl", "eventfd");
        _thread = new Thread(Run, 512 * 1024) { Name = "zds-server", IsBackground = true };
        _thread.Start();
    }

    /// <summary>A pod came or changed. Takes ownership of its namespace.</summary>
    public void Upsert(ZdsPod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        Post(() =>
        {
            if (_pods.TryGetValue(pod.Uid, out ZdsPod? before) && before.Generation > pod.Generation)
            {
                pod.Network?.Dispose();
                return;
            }

            _pods[pod.Uid] = pod;
            before?.Network?.Dispose();
            TouchServing(pod.Uid);
            _proofs.Publish(pod);
        });
    }

    /// <summary>A pod is gone.</summary>
    public void Remove(string uid) => Post(() =>
    {
        if (_pods.Remove(uid, out ZdsPod? pod))
        {
            pod.Network?.Dispose();
            _proofs.Forget(uid);
            foreach (ZdsConnection connection in _connections.Values)
            {
                connection.Talk.Touch(uid);
            }
        }
    });

    /// <summary>Tells a pod once more, after a refusal.</summary>
    public void Repeat(string uid) => Post(() =>
    {
        _proofs.ForgetReport(uid);
        foreach (ZdsConnection connection in Serving())
        {
            connection.Talk.Repeat(uid);
        }
    });

    /// <summary>All pods of the node are known: snapshots may be given. Until then ztunnels that connect wait, and keep what they have.</summary>
    public void OpenGate() => Post(() =>
    {
        _gateOpen = true;
        foreach (ZdsConnection connection in _connections.Values)
        {
            connection.Talk.BeginSnapshot(_pods.Keys);
        }
    });

    /// <summary>Ends all conversations and the thread; ztunnels keep their proxies. The socket file goes.</summary>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        _waker.Signal();
        _thread.Join();
        _listener.Dispose();
        _epoll.Dispose();
        _waker.Dispose();
        File.Delete(_path);
    }

    private void Post(Action command)
    {
        _commands.Enqueue(command);
        _waker.Signal();
    }

    private void Run()
    {
        while (!_stopping)
        {
            int count = (int)_epoll.Wait(UntilDeadline()).Value;
            for (int i = 0; i < count; i++)
            {
                switch (_epoll.DataAt(i))
                {
                    case ListenerTag:
                        Accept();
                        break;
                    case WakerTag:
                        _waker.Reset();
                        break;
                    case ulong id when _connections.TryGetValue((long)id, out ZdsConnection? connection):
                        Read(connection);
                        break;
                    default:
                        break;
                }
            }

            while (_commands.TryDequeue(out Action? command))
            {
                command();
            }

            foreach (ZdsConnection connection in _connections.Values)
            {
                Write(connection);
                connection.Talk.OnTime(_clock.Elapsed);
            }

            CloseEnded();
            Tell();
        }

        foreach (ZdsConnection connection in _connections.Values)
        {
            connection.Socket.Dispose();
        }

        foreach (ZdsPod pod in _pods.Values)
        {
            pod.Network?.Dispose();
        }
    }

    private void Accept()
    {
        while (!_listener.TryAccept(out PacketSocket? socket).IsError)
        {
            if (_connections.Count >= _timings.MaxConnections)
            {
                _log.Warn("a ztunnel was turned away: too many connections", LogField.Of("limit", _timings.MaxConnections));
                socket!.Dispose();
                continue;
            }

            long id = ++_lastConnection;
            var connection = new ZdsConnection(socket!, new ZdsConversation(id, _timings, _clock.Elapsed));
            _connections.Add(id, connection);
            _epoll.Add(socket!.Descriptor, Readable | Writable | PeerClosed, (ulong)id);
            _log.Info("ztunnel connected", LogField.Of("connection", id));
            Read(connection);
        }
    }

    private void Read(ZdsConnection connection)
    {
        ZdsConversation talk = connection.Talk;
        Span<byte> buffer = stackalloc byte[ZdsMessages.MaxPacket];
        while (talk.Phase != ZdsPhase.Closed)
        {
            SysResult received = connection.Socket.TryReceive(buffer, 0, out ReceivedPacket? packet);
            if (received.Is(Errno.EAGAIN))
            {
                return;
            }

            if (packet is null || packet.Length == 0)
            {
                talk.Close(packet is null ? received.ToString() : "it closed the connection");
                return;
            }

            packet.CloseDescriptors();
            if (packet.DataCut || packet.ControlCut || packet.Descriptors.Count > 0)
            {
                talk.Close(packet.DataCut ? "a packet is longer than 1024 bytes" : "a packet carries file descriptors");
            }
            else if (talk.Phase == ZdsPhase.AwaitingHello)
            {
                if (talk.OnHello(buffer[..packet.Length]) && _gateOpen)
                {
                    talk.BeginSnapshot(_pods.Keys);
                }
            }
            else if (talk.OnAck(buffer[..packet.Length], out ZdsSend? answered, out string? refusal))
            {
                Answered(connection, answered!, refusal);
            }
        }
    }

    private void Answered(ZdsConnection connection, ZdsSend send, string? refusal)
    {
        switch (send.Kind)
        {
            case ZdsSendKind.SnapshotSent:
                _log.Info("ztunnel has all pods", LogField.Of("connection", connection.Talk.Id), LogField.Of("pods", _pods.Count));
                break;
            case ZdsSendKind.Add:
                if (refusal is not null)
                {
                    _log.Warn("ztunnel refused a pod", LogField.Of("connection", connection.Talk.Id), LogField.Of("uid", send.Uid), LogField.Of("error", refusal));
                }

                if (_pods.TryGetValue(send.Uid, out ZdsPod? pod))
                {
                    _proofs.Set(send.Pod!, connection.Talk.Id, refusal, connection.Talk.TakesMarks && send.Pod!.Mark != 0);
                    _proofs.Publish(pod);
                }

                break;
            default:
                break;
        }
    }

    private void Write(ZdsConnection connection)
    {
        while (connection.Talk.Next(_pods) is { } send)
        {
            byte[]? packet = send.Kind switch
            {
                ZdsSendKind.Add => ZdsMessages.Add(send.Pod!, connection.Talk.TakesMarks),
                ZdsSendKind.Keep => ZdsMessages.Keep(send.Uid),
                ZdsSendKind.Delete => ZdsMessages.Delete(send.Uid),
                ZdsSendKind.Leads or ZdsSendKind.Succeeded => ZdsMessages.Leads(send.Kind == ZdsSendKind.Leads),
                _ => ZdsMessages.SnapshotSent.ToArray(),
            };
            if (packet is null)
            {
                connection.Talk.Skip(send);
                _events.OnPod(send.Uid, send.Pod?.Generation ?? 0, ZdsPodState.Refused, "the pod's names do not fit into a message of 1024 bytes");
                continue;
            }

            SysResult sent = send.Kind == ZdsSendKind.Add
                ? connection.Socket.TrySend(packet, send.Pod!.Network!.Descriptor)
                : connection.Socket.TrySend(packet);
            if (sent.IsError)
            {
                // A full socket becomes writable when the peer reads; the ack deadline bounds how long that may take.
                if (!sent.Is(Errno.EAGAIN))
                {
                    connection.Talk.Close("sending failed: " + sent);
                }

                return;
            }

            connection.Talk.OnSent(send, _clock.Elapsed);
        }
    }

    private void CloseEnded()
    {
        foreach (ZdsConnection connection in _connections.Values.Where(c => c.Talk.Phase == ZdsPhase.Closed).ToArray())
        {
            _connections.Remove(connection.Talk.Id);
            _epoll.Remove(connection.Socket.Descriptor);
            connection.Socket.Dispose();
            _proofs.ForgetConnection(connection.Talk.Id);
            _log.Info("ztunnel disconnected", LogField.Of("connection", connection.Talk.Id), LogField.Of("reason", connection.Talk.Reason));
            foreach (ZdsPod pod in _pods.Values)
            {
                _proofs.Publish(pod);
            }
        }

        // An older one leads again: it has not heard of what came since it was succeeded.
        long leader = Leader();
        if (leader < _leader)
        {
            foreach (ZdsConnection connection in Serving())
            {
                foreach (string uid in _pods.Keys)
                {
                    connection.Talk.Touch(uid);
                }

                Write(connection);
            }
        }

        _leader = leader;
        foreach (ZdsConnection connection in _connections.Values)
        {
            connection.Talk.SetLeads(connection.Talk.Id >= leader);
            Write(connection);
        }
    }

    private void TouchServing(string uid)
    {
        foreach (ZdsConnection connection in Serving())
        {
            connection.Talk.Touch(uid);
        }
    }

    /// <summary>The newest connection that has its whole snapshot; the oldest of all when there is none.</summary>
    private long Leader() => _connections.Values.LastOrDefault(c => c.Talk.Phase == ZdsPhase.Settled)?.Talk.Id ?? 0;

    private IEnumerable<ZdsConnection> Serving()
    {
        long leader = Leader();
        return _connections.Values.Where(c => c.Talk.Id >= leader);
    }

    private void Tell()
    {
        (int, int) now = (_connections.Count, _connections.Values.Count(c => c.Talk.Phase == ZdsPhase.Settled));
        if (now != _told)
        {
            _told = now;
            _events.OnConnections(now.Item1, now.Item2);
        }
    }

    private int UntilDeadline()
    {
        if (!_commands.IsEmpty)
        {
            return 0;
        }

        TimeSpan? first = _connections.Values.Min(c => c.Talk.Deadline);
        return first is { } at ? (int)Math.Clamp(Math.Ceiling((at - _clock.Elapsed).TotalMilliseconds), 0, int.MaxValue) : -1;
    }

    private sealed record ZdsConnection(PacketSocket Socket, ZdsConversation Talk);
}
