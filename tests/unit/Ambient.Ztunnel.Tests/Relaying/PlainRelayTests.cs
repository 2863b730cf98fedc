using Ambient.EventLoop;
using Ambient.Hbone.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Ztunnel.Relaying;

namespace Ambient.Ztunnel.Tests.Relaying;

/// <summary>Ends of plain TCP: each arrives at the other side as what it is.</summary>
public sealed class PlainRelayTests : IDisposable
{
    private readonly EventLoop.EventLoop _loop = new("relay", new EventLoopOptions());
    private readonly AppSocket _client;
    private readonly AppSocket _server;
    private readonly Owner _owner = new();
    private int _caller;
    private int _callee;

    public PlainRelayTests()
    {
        _loop.RunOnce(0);
        (_caller, int client) = Connected();
        (int server, _callee) = Connected();
        (_client, _server) = (new AppSocket(_owner), new AppSocket(_owner));
        _client.Watch(_loop, client);
        _server.Watch(_loop, server);
        _owner.Relay = new PlainRelay(_loop, _owner, _client, _server);
        _owner.Relay.Start();
    }

    public void Dispose()
    {
        _owner.Relay!.End(CloseReason.Completed, null, reset: false);
        Close(ref _caller, reset: false);
        Close(ref _callee, reset: false);
        _loop.Dispose();
    }

    [Fact]
    public void ResetBehindAnEnd_IsNotLost()
    {
        SocketIo.ShutdownWrite(_caller);
        Until(() => SocketIo.Read(_callee, new byte[1]) is { IsError: false, Value: 0 }, "the caller's end at the callee");
        Assert.Null(_owner.Ended);

        Close(ref _caller, reset: true);
        Until(() => _owner.Ended is not null, "the relay's end");
        Assert.Equal(CloseReason.AppReset, _owner.Ended!.Value.Reason);
        Until(() => SocketIo.Read(_callee, new byte[1]).IsError || SocketIo.Write(_callee, [1]).IsError, "the reset at the callee");
    }

    [Fact]
    public void BothEnds_AreACompleteConnection()
    {
        SocketIo.ShutdownWrite(_caller);
        SocketIo.ShutdownWrite(_callee);
        Until(() => _owner.Ended is not null, "the relay's end");
        Assert.Equal(CloseReason.Completed, _owner.Ended!.Value.Reason);
    }

    private static (int Ours, int Theirs) Connected()
    {
        var sockets = new SocketFactory(null, new SocketOptions());
        int listener = (int)sockets.Listen(SocketAddress.LoopbackIPv4, 1, out _).OrThrow("listen", "loopback");
        SocketIo.LocalAddress(listener, out SocketAddress address);
        int ours = (int)sockets.OpenStream(ipv4: true, null).OrThrow("socket", "loopback");
        SysResult connect = SocketIo.Connect(ours, address);
        Assert.True(!connect.IsError || connect.Is(Errno.EINPROGRESS), connect.ToString());
        SysResult theirs;
        while ((theirs = SocketIo.Accept(listener, out _)).Is(Errno.EAGAIN))
        {
            Thread.Yield();
        }

        SocketIo.Close(listener);
        return (ours, (int)theirs.OrThrow("accept", "loopback"));
    }

    private static void Close(ref int fd, bool reset)
    {
        if (fd >= 0)
        {
            _ = reset ? SocketIo.CloseWithReset(fd) : SocketIo.Close(fd);
            fd = -1;
        }
    }

    private void Until(Func<bool> condition, string what)
    {
        long deadline = Environment.TickCount64 + 20_000;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, "not reached in time: " + what);
            _loop.RunOnce(5);
        }
    }

    // The interfaces are internal, as a public test class cannot be.
    private sealed class Owner : IRelayOwner, IAppSocketOwner
    {
        public PlainRelay? Relay { get; set; }

        public (CloseReason Reason, string? Detail)? Ended { get; private set; }

        public void OnSocketEvents(AppSocket socket, PollEvents events) => Relay!.OnEvents(socket, events);

        public void OnToServer(long bytes)
        {
        }

        public void OnToClient(long bytes)
        {
        }

        public void OnRelayEnded(CloseReason reason, string? detail) => Ended ??= (reason, detail);
    }
}
