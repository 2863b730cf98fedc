using Ambient.EventLoop;
using Ambient.Hbone.Sockets;
using Ambient.Linux;
using Ambient.Mesh.Connections;

namespace Ambient.Ztunnel.Relaying;

/// <summary>
/// TCP to TCP: two pumps between two sockets. Ends when both directions have ended; a reset of either side resets the other.
/// Loop-affine; the caller passes on the events of both sockets.
/// </summary>
internal sealed class PlainRelay
{
    private readonly IRelayOwner _owner;
    private readonly AppSocket _client;
    private readonly AppSocket _server;
    private readonly Pump _up;
    private readonly Pump _down;
    private bool _ended;

    public PlainRelay(EventLoop.EventLoop loop, IRelayOwner owner, AppSocket client, AppSocket server)
    {
        _owner = owner;
        _client = client;
        _server = server;
        _up = new Pump(loop, this, client, server);
        _down = new Pump(loop, this, server, client);
    }

    /// <summary>Begins with what has arrived already.</summary>
    public void Start()
    {
        _up.Run();
        _down.Run();
    }

    /// <summary>One of the sockets is ready for something.</summary>
    public void OnEvents(AppSocket socket, PollEvents events)
    {
        if ((events & PollEvents.Out) != PollEvents.None)
        {
            (socket == _client ? _down : _up).Run();
        }

        Pump reading = socket == _client ? _up : _down;
        reading.Run();

        // A reset behind an end: nothing is read any more that would tell it.
        if ((events & PollEvents.Error) != PollEvents.None && reading.IsEnded && !_ended && socket.PendingError() is { IsError: true } error)
        {
            OnPumpFailed(reading, reading: true, error);
        }
    }

    /// <summary>Closes both sockets now.</summary>
    public void End(CloseReason reason, string? detail, bool reset)
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        _up.Free();
        _down.Free();
        _client.Close(reset);
        _server.Close(reset);
        _owner.OnRelayEnded(reason, detail);
    }

    internal bool IsEnded => _ended;

    internal void OnMoved(Pump pump, long bytes)
    {
        if (pump == _up)
        {
            _owner.OnToServer(bytes);
        }
        else
        {
            _owner.OnToClient(bytes);
        }
    }

    internal void OnPumpEnded()
    {
        if (_up.IsEnded && _down.IsEnded)
        {
            End(CloseReason.Completed, null, reset: false);
        }
    }

    internal void OnPumpFailed(Pump pump, bool reading, SysResult error)
    {
        bool gone = error.Is(Errno.ECONNRESET) || error.Is(Errno.EPIPE);
        string text = $"{(pump == _up ? "send" : "receive")}: {error}";
        CloseReason reason = !gone ? (reading ? CloseReason.ReceiveFailed : CloseReason.SendFailed) : (pump == _up) == reading ? CloseReason.AppReset : CloseReason.PeerReset;
        End(reason, text, reset: true);
    }
}
