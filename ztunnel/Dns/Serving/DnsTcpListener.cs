using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Dns.Serving;

/// <summary>Accepts DNS over TCP. Loop-affine.</summary>
internal sealed class DnsTcpListener : PollHandler, IReadyItem
{
    private const int Quantum = 32;
    private const int PauseMilliseconds = 100;

    private readonly DnsServer _server;
    private readonly Pause _pause;

    public DnsTcpListener(DnsServer server, int fd)
    {
        _server = server;
        _pause = new Pause(this);
        Descriptor = fd;
    }

    public bool IsQueued { get; set; }

    public void Serve(Ambient.EventLoop.EventLoop loop) => loop.Register(this, Descriptor, PollEvents.In);

    public void Close()
    {
        if (IsRegistered)
        {
            Loop.Timers.Cancel(_pause);
        }

        CloseDescriptor(reset: false);
    }

    public void OnReady() => Accept();

    protected override void OnEvents(PollEvents events) => Accept();

    private void Accept()
    {
        for (int i = 0; i < Quantum && Descriptor >= 0; i++)
        {
            SysResult accepted = SocketIo.Accept(Descriptor, out _);
            switch (accepted.Errno)
            {
                case Errno.None:
                    _server.OnAccepted((int)accepted.Value);
                    break;
                case Errno.EAGAIN:
                    return;
                case Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.ENOBUFS:
                    // The connection stays in the queue: asking at once again would spin.
                    Loop.Timers.Schedule(_pause, Loop.NowMilliseconds + PauseMilliseconds);
                    return;
                default:
                    break;
            }
        }

        if (Descriptor >= 0)
        {
            Loop.RunLater(this);
        }
    }

    private sealed class Pause(DnsTcpListener listener) : LoopTimer
    {
        protected override void OnTimer() => listener.Accept();
    }
}
