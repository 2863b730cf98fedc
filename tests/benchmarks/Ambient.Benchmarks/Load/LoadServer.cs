using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Benchmarks.Load;

/// <summary>The application behind the proxies: answers each request, or swallows everything.</summary>
internal static class LoadServer
{
    /// <summary>Serves until killed.</summary>
    public static int Run(SocketAddress address, bool answer, bool anyLength = false)
    {
        LoadLoop loop = new();
        SocketFactory sockets = new(null, new SocketOptions());
        int listener = (int)sockets.Listen(address, 4096, out _).OrThrow("listen", address.ToString());
        loop.Add(new Listener(loop, answer, anyLength), listener, PollEvents.In);
        return loop.RunForever();
    }

    private sealed class Listener(LoadLoop loop, bool answer, bool anyLength) : PollHandler
    {
        protected override void OnEvents(PollEvents events)
        {
            while (true)
            {
                SysResult accepted = SocketIo.Accept(Descriptor, out _);
                if (accepted.IsError)
                {
                    return;
                }

                loop.Add(new Connection(answer, anyLength), (int)accepted.Value, PollEvents.In | PollEvents.PeerClosed);
            }
        }
    }

    private sealed class Connection(bool answer, bool anyLength) : PollHandler
    {
        private static readonly byte[] Buffer = new byte[256 * 1024];
        private int _received;

        protected override void OnEvents(PollEvents events)
        {
            while (true)
            {
                SysResult read = SocketIo.Read(Descriptor, Buffer);
                if (read.IsError)
                {
                    if (!read.Is(Errno.EAGAIN))
                    {
                        Close();
                    }

                    return;
                }

                if (read.Value == 0)
                {
                    Close();
                    return;
                }

                if (anyLength)
                {
                    AnswerHeads(Buffer.AsSpan(0, (int)read.Value));
                }
                else if (answer)
                {
                    Answer((int)read.Value);
                }

                if (read.Value < Buffer.Length && (events & (PollEvents.PeerClosed | PollEvents.HangUp | PollEvents.Error)) == PollEvents.None)
                {
                    return;
                }
            }
        }

        private void Answer(int received)
        {
            // Requests have one fixed length, so counting bytes finds their ends.
            for (_received += received; _received >= Exchange.Request.Length; _received -= Exchange.Request.Length)
            {
                SocketIo.Write(Descriptor, Exchange.Response);
            }
        }

        // Requests without a body, as a proxy passes them on: each empty line ends one.
        private void AnswerHeads(ReadOnlySpan<byte> bytes)
        {
            foreach (byte octet in bytes)
            {
                _received = octet == (_received % 2 == 0 ? '\r' : '\n') ? _received + 1 : octet == '\r' ? 1 : 0;
                if (_received == 4)
                {
                    _received = 0;
                    SocketIo.Write(Descriptor, Exchange.Response);
                }
            }
        }

        private void Close()
        {
            int descriptor = Descriptor;
            Loop.Unregister(this);
            SocketIo.Close(descriptor);
        }
    }
}
