using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Ambient.EventLoop;
using Ambient.Linux.Sockets;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Socks;
using Address = Ambient.Linux.Sockets.SocketAddress;

namespace Ambient.Ztunnel.Tests.Socks;

/// <summary>SOCKS5 over real sockets on loopback; the outbound handler is a fake that echoes one line.</summary>
public sealed class SocksTests : IDisposable
{
    private readonly Ambient.EventLoop.EventLoop _loop = new("socks", new EventLoopOptions());
    private readonly LogHub _log = LogHub.Discarding();
    private readonly FakeOutbound _outbound = new();
    private readonly SocksListener _listener;
    private readonly IPEndPoint _endpoint;

    public SocksTests()
    {
        var options = new SocketOptions { Transparent = TransparentMode.Never };
        int fd = (int)new SocketFactory(null, options).Listen(Address.LoopbackIPv4, 16, out _).OrThrow("listen", "socks");
        SocketIo.LocalAddress(fd, out Address local);
        _endpoint = IPEndPoint.Parse(local.ToString());
        var settings = new SocksSettings { HandshakeLimit = TimeSpan.FromSeconds(5) };
        _listener = new SocksListener(fd, _outbound, new FakeNames(), options, settings, _log.For("test"));
        _loop.Post(_ => _listener.Serve(_loop), null);
        _loop.Start();
    }

    public void Dispose()
    {
        _loop.Post(_ => _listener.StopNow(), null);
        _loop.Stop();
        _loop.RunOnce(0);
        Assert.Equal(0, _loop.HandlerCount);
        Assert.Equal(0, _loop.Faults);
        _loop.Dispose();
        _log.Dispose();
    }

    [Theory]
    [InlineData("01 0A010203 0050", "10.1.2.3:80")]
    [InlineData("04 20010DB8000000000000000000000001 01BB", "[2001:db8::1]:443")]
    [InlineData("04 00000000000000000000FFFF0A010203 01BB", "10.1.2.3:443")]
    [InlineData("03 08 7376632E6E733121 0050", null)]
    [InlineData("03 07 7376632E6E7331 0050", "9.9.9.9:80")]
    public void Connect_IsGrantedThenHandedOver(string target, string? expected)
    {
        using Socket socket = Dial("05 02 02 00", "05 01 00 " + target);
        Assert.Equal("0500", Read(socket, 2));
        if (expected is null)
        {
            Assert.Equal("05040001000000000000", Read(socket, 10));
            Assert.Equal("", Read(socket, 1));
            return;
        }

        Assert.Equal("05000001000000000000", Read(socket, 10));
        Assert.True(_outbound.Targets.TryTake(out string? seen, 10_000));
        Assert.Equal(expected, seen);
    }

    [Fact]
    public void ApplicationBytes_BehindTheRequest_AreLeftForTheRelay()
    {
        using Socket socket = Dial("05 01 00 05 01 00 01 0A010203 0050 " + Convert.ToHexString("hello"u8));
        Assert.Equal("050005000001000000000000", Read(socket, 12));
        Assert.Equal(Convert.ToHexString("hello"u8), Read(socket, 5));
    }

    [Fact]
    public void OneByteAtATime_Works()
    {
        using Socket socket = Dial();
        foreach (byte b in Convert.FromHexString("050100050100010A0102030050"))
        {
            socket.Send([b]);
        }

        Assert.Equal("050005000001000000000000", Read(socket, 12));
    }

    [Theory]
    [InlineData("04 01")]
    [InlineData("05 00")]
    [InlineData("05 01 02")]
    [InlineData("05 01 00 04 01 00 01")]
    [InlineData("05 01 00 05 02 00 01")]
    [InlineData("05 01 00 05 01 00 02")]
    [InlineData("05 01 00 05 01 00 03 00")]
    [InlineData("05 01 00 05 01 00 03 02 FFFE 0050")]
    [InlineData("47 45 54 20 2F")]
    public void Violations_AreAnsweredWithSeven_AndClosed(string bytes)
    {
        using Socket socket = Dial(bytes);
        string all = Read(socket, 64);
        Assert.EndsWith("05070001000000000000", all, StringComparison.Ordinal);
        Assert.Empty(_outbound.Targets);
    }

    [Fact]
    public void RandomBytes_NeverThrow_AndAskForBoundedInput()
    {
        const int Seed = 1928;
        var random = new Random(Seed);
        int completed = 0;
        for (int i = 0; i < 20_000; i++)
        {
            var conversation = new SocksConversation();
            for (int step = 0; step < 10 && !conversation.IsComplete; step++)
            {
                Assert.InRange(conversation.Needed, 1, 257);
                byte[] bytes = new byte[conversation.Needed];
                random.NextBytes(bytes);
                if (random.Next(8) > 0)
                {
                    // Mostly something sensible, so that the later phases are reached too.
                    byte[] sensible = bytes.Length == 4 ? [5, 1, 0, (byte)random.Next(5)] : step == 0 ? [5, (byte)random.Next(4)] : [0];
                    sensible.CopyTo(bytes, 0);
                }

                if (!conversation.TryTake(bytes, out _))
                {
                    break;
                }
            }

            completed += conversation.IsComplete ? 1 : 0;
        }

        Assert.True(completed > 10, $"only {completed} conversations completed with seed {Seed}");
    }

    private Socket Dial(params string[] hex)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000, NoDelay = true };
        socket.Connect(_endpoint);
        foreach (string part in hex)
        {
            socket.Send(Convert.FromHexString(part.Replace(" ", "", StringComparison.Ordinal)));
        }

        return socket;
    }

    /// <summary>Up to that many bytes, fewer at end of stream.</summary>
    private static string Read(Socket socket, int length)
    {
        byte[] buffer = new byte[length];
        int have = 0;
        while (have < length && socket.Receive(buffer.AsSpan(have)) is var read && read > 0)
        {
            have += read;
        }

        return Convert.ToHexString(buffer, 0, have);
    }

    private sealed class FakeOutbound : ISocksOutbound
    {
        public BlockingCollection<string> Targets { get; } = [];

        public void Connect(Ambient.EventLoop.EventLoop loop, int fd, Address client, Address target)
        {
            Targets.Add(target.ToString());
            byte[] buffer = new byte[64];
            int length = (int)SocketIo.Read(fd, buffer).Value;
            SocketIo.Write(fd, buffer.AsSpan(0, length));
            SocketIo.Close(fd);
        }
    }

    private sealed class FakeNames : ISocksNames
    {
        public void Resolve(string name, bool ipv6, Ambient.EventLoop.EventLoop caller, Action<object?, Address?> callback, object? state)
        {
            Address? found = name == "svc.ns1" && !ipv6 ? Address.From([9, 9, 9, 9], 0) : null;
            caller.Post(_ => callback(state, found), null);
        }
    }
}
