using System.Text;
using Ambient.Linux.Sockets;

namespace Ambient.EventLoop.Tests.Loop;

/// <summary>Two connected sockets whose handlers write down what they are told.</summary>
internal sealed class SocketPairHandlers : IDisposable
{
    public SocketPairHandlers(EventLoop? loop = null)
    {
        SocketIo.SocketPair(out int a, out int b).OrThrow("socketpair", "test");
        A = new Recorder(a);
        B = new Recorder(b);
        if (loop is not null)
        {
            A.RegisterAt(loop);
        }
    }

    public Recorder A { get; }

    public Recorder B { get; }

    public void Dispose()
    {
        A.CloseDescriptor(reset: false);
        B.CloseDescriptor(reset: false);
    }
}

/// <summary>Writes down its events.</summary>
internal sealed class Recorder : PollHandler
{
    private readonly byte[] _scratch = new byte[64];

    public Recorder(int fd) => Descriptor = fd;

    public List<string> Log { get; } = [];

    public Action? Then { get; set; }

    public bool Quiet { get; set; }

    public void RegisterAt(EventLoop loop) => loop.Register(this, Descriptor, PollEvents.In | PollEvents.PeerClosed);

    public void Send(string text) => SocketIo.Write(Descriptor, Encoding.ASCII.GetBytes(text)).OrThrow("send", text);

    public void SendByte() => SocketIo.Write(Descriptor, "x"u8);

    protected internal override void OnEvents(PollEvents events)
    {
        if (Quiet)
        {
            SocketIo.Read(Descriptor, _scratch);
            return;
        }

        Log.Add(events.ToString());
        Then?.Invoke();
    }
}
