using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Waypoint.Pipes;

/// <summary>
/// Connects to the first of several addresses that answers (RFC 8305): the next one is tried when one has failed, or has said nothing for a while. Loop-affine; owns the
/// descriptors until one of them has won.
/// </summary>
internal sealed class ConnectRace(EventLoop.EventLoop loop, SocketFactory sockets, SocketAddress[] addresses, Action<int> won, Action<string> lost) : LoopTimer, ILoopFault
{
    // As Envoy has it.
    private const long HeadStartMilliseconds = 300;

    private readonly List<Runner> _runners = [];
    private string _failure = "there is no address to connect to";
    private int _next;

    /// <summary>Begins; the outcome may be told before this returns.</summary>
    public void Start() => RunNext();

    /// <summary>Ends without a word.</summary>
    public void Abandon()
    {
        loop.Timers.Cancel(this);
        _next = addresses.Length;
        _runners.ForEach(static runner => runner.Close());
        _runners.Clear();
    }

    /// <inheritdoc/>
    public void OnFault(Exception exception) => Lose(exception.Message);

    /// <inheritdoc/>
    protected override void OnTimer() => RunNext();

    private void RunNext()
    {
        while (_next < addresses.Length)
        {
            SocketAddress address = addresses[_next++];
            SysResult socket = sockets.OpenStream(address.IsIPv4, null);
            if (socket.IsError)
            {
                _failure = $"io error: {socket}";
                continue;
            }

            SysResult connect = SocketIo.Connect((int)socket.Value, address);
            if (connect.IsError && !connect.Is(Errno.EINPROGRESS))
            {
                _failure = $"io error: {connect}";
                _ = SocketIo.Close((int)socket.Value);
                continue;
            }

            Runner runner = new(this);
            _runners.Add(runner);
            runner.Watch(loop, (int)socket.Value);
            if (_next < addresses.Length)
            {
                loop.Timers.Cancel(this);
                loop.Timers.Schedule(this, loop.NowMilliseconds + HeadStartMilliseconds);
            }

            return;
        }

        if (_runners.Count == 0)
        {
            Lose(_failure);
        }
    }

    private void Lose(string why)
    {
        Abandon();
        lost(why);
    }

    private void OnFailed(Runner runner, string why)
    {
        _failure = why;
        runner.Close();
        _runners.Remove(runner);
        loop.Timers.Cancel(this);
        RunNext();
    }

    private void OnConnected(Runner runner)
    {
        int fd = runner.Release();
        _runners.Remove(runner);
        Abandon();
        won(fd);
    }

    /// <summary>One connection that is being made.</summary>
    private sealed class Runner(ConnectRace race) : PollHandler
    {
        public void Watch(EventLoop.EventLoop loop, int fd) => loop.Register(this, fd, PollEvents.Out);

        public void Close() => CloseDescriptor(reset: true);

        /// <summary>The descriptor is somebody else's.</summary>
        public int Release()
        {
            int fd = Descriptor;
            race.Forget(this);
            Descriptor = -1;
            return fd;
        }

        public override void OnFault(Exception exception) => race.OnFault(exception);

        protected override void OnEvents(PollEvents events)
        {
            SysResult outcome = SocketIo.PendingError(Descriptor);
            if (outcome.IsError)
            {
                race.OnFailed(this, $"io error: {outcome}");
            }
            else if ((events & PollEvents.Out) != PollEvents.None)
            {
                race.OnConnected(this);
            }
        }
    }

    private void Forget(Runner runner) => loop.Unregister(runner);
}
