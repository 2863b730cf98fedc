using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Sockets;

namespace Ambient.Linux.Tests.Sockets;

public sealed class StreamSocketTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"ambient-stream-{Guid.NewGuid():N}.sock");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void NobodyListens_SaysSo_WhenPatienceIsSpent()
    {
        LinuxException absent = Assert.Throws<LinuxException>(() => StreamSocket.Connect(_path, TimeSpan.FromMilliseconds(30), TimeProvider.System));
        Assert.Equal(Errno.ENOENT, absent.Errno);
        Assert.Equal(Errno.ENAMETOOLONG, Assert.Throws<LinuxException>(() => StreamSocket.Connect("/" + new string('x', 200), TimeSpan.Zero, TimeProvider.System)).Errno);
    }

    [Fact]
    public async Task ListenerThatComesLate_IsFound_AndBytesTravel()
    {
        Task<StreamSocket> connecting = Task.Run(() => StreamSocket.Connect(_path, TimeSpan.FromSeconds(20), TimeProvider.System));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_path));
        listener.Listen();
        using Socket peer = await listener.AcceptAsync();
        using StreamSocket socket = await connecting;
        byte[] buffer = new byte[8];
        Assert.True(socket.TryRead(buffer).Is(Errno.EAGAIN));
        Assert.Equal(4, socket.TryWrite("word"u8).Value);
        Assert.Equal(4, await peer.ReceiveAsync(buffer));
        await peer.SendAsync("back"u8.ToArray());
        socket.WaitReadable(10_000);
        Assert.Equal(4, socket.TryRead(buffer).Value);
        peer.Shutdown(SocketShutdown.Both);
        socket.WaitReadable(10_000);
        Assert.Equal(0, socket.TryRead(buffer).Value);
        Assert.False(socket.TryRead(buffer).IsError);
    }

    [Fact]
    public void Listeners_AreListed_WithWhoWaits()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        using NetworkNamespace here = NetworkNamespace.Current();
        IReadOnlyDictionary<int, int>? listeners = ListeningSockets.TryRead(here);
        Assert.NotNull(listeners);
        Assert.Equal(1, listeners[((IPEndPoint)listener.LocalEndPoint!).Port]);
        Assert.DoesNotContain(((IPEndPoint)client.LocalEndPoint!).Port, listeners.Keys);
    }
}
