using System.Collections.Concurrent;
using Ambient.Linux;
using Ambient.Linux.Polling;
using Ambient.Linux.Sockets;
using Ambient.Protocol.Istio.Zds;
using Google.Protobuf;

namespace Ambient.Cli.Sandbox.Agents;

/// <summary>
/// One ztunnel on the ZDS socket, served by one thread: answers have no number, so one message is under way at a time. Any
/// breach of the protocol ends the connection; the next snapshot repairs everything. Thread-safe.
/// </summary>
internal sealed class AgentConnection(NodeAgent agent, PacketSocket socket) : IDisposable
{
    private const int HelloDeadline = 5_000;
    private const int AnswerDeadline = 10_000;
    private const int MaxPacket = 1024;

    private readonly ConcurrentQueue<AgentMessage> _queue = new();
    private readonly Waker _waker = new();
    private Thread? _thread;
    private volatile bool _closing;

    /// <summary>Begins the conversation.</summary>
    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "zds connection" };
        _thread.Start();
    }

    /// <summary>Sends after everything queued before.</summary>
    public void Enqueue(AgentMessage message)
    {
        _queue.Enqueue(message);
        _waker.Signal();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closing = true;
        _waker.Signal();
        _thread?.Join();
    }

    private void Run()
    {
        try
        {
            if (TryReceive(HelloDeadline, out byte[] hello) && ZdsHello.Parser.ParseFrom(hello).Version == Protocol.Istio.Zds.Version.V1)
            {
                Converse();
            }
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or LinuxException)
        {
            // Its ztunnel comes back and is told everything again.
        }
        finally
        {
            agent.OnEnded(this);
            socket.Dispose();
            _waker.Dispose();
        }
    }

    private void Converse()
    {
        foreach (AgentMessage message in agent.Register(this))
        {
            if (_closing || !Exchange(message))
            {
                return;
            }
        }

        agent.OnSnapshotTaken();
        while (!_closing)
        {
            while (_queue.TryDequeue(out AgentMessage? message))
            {
                if (!Exchange(message))
                {
                    return;
                }
            }

            // Nothing is under way, so a readable socket means that ztunnel is gone or talks out of turn.
            if (socket.WaitReadable(_waker, -1))
            {
                return;
            }

            _waker.Reset();
        }
    }

    private bool Exchange(AgentMessage message)
    {
        SysResult sent = message.Network is null ? socket.TrySend(message.Packet) : socket.TrySend(message.Packet, message.Network.Descriptor);
        if (sent.IsError || !TryReceive(AnswerDeadline, out byte[] answer))
        {
            return false;
        }

        WorkloadResponse response = WorkloadResponse.Parser.ParseFrom(answer);
        agent.OnAnswer(message, response.Ack?.Error ?? "answered without an ack");
        return true;
    }

    private bool TryReceive(int deadline, out byte[] packet)
    {
        packet = [];
        byte[] buffer = new byte[MaxPacket];
        if (!socket.WaitReadable(null, deadline))
        {
            return false;
        }

        SysResult received = socket.TryReceive(buffer, 0, out ReceivedPacket? got);
        if (received.IsError || got is null || got.Length == 0 || got.DataCut)
        {
            return false;
        }

        packet = buffer[..got.Length];
        return true;
    }
}
