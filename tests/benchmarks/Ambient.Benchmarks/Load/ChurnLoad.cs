using System.Diagnostics;
using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Benchmarks.Load;

/// <summary>Connect, one request, one answer, close; a fixed number in flight.</summary>
internal static class ChurnLoad
{
    /// <summary>Runs to the end of the window and prints counts and latencies (from connect to answer).</summary>
    public static int Run(SocketAddress address, int inFlight, TimeSpan duration)
    {
        LoadLoop loop = new();
        State state = new(loop, address);
        for (int i = 0; i < inFlight; i++)
        {
            state.Connect();
        }

        MeasuredWindow window = new(duration);
        window.Started += () =>
        {
            state.Latencies.Clear();
            state.Errors = 0;
        };
        while (window.Continue())
        {
            loop.Turn(100);
        }

        window.Print(("count", state.Latencies.Count), ("errors", state.Errors), ("p50", state.Latencies.Quantile(0.5)), ("p99", state.Latencies.Quantile(0.99)));
        return state.Latencies.Count == 0 ? 1 : 0;
    }

    private sealed class State(LoadLoop loop, SocketAddress address)
    {
        public LatencyHistogram Latencies { get; } = new();

        public long Errors { get; set; }

        public void Connect()
        {
            loop.Add(new Client(this), Connector.Begin(address), PollEvents.In | PollEvents.Out | PollEvents.PeerClosed);
        }
    }

    private sealed class Client(State state) : PollHandler
    {
        private static readonly byte[] Buffer = new byte[4096];
        private readonly long _begun = Stopwatch.GetTimestamp();
        private bool _sent;
        private int _received;

        protected override void OnEvents(PollEvents events)
        {
            if ((events & (PollEvents.Error | PollEvents.HangUp)) != PollEvents.None)
            {
                End(failed: true);
                return;
            }

            if (!_sent && (events & PollEvents.Out) != PollEvents.None)
            {
                _sent = true;
                if (SocketIo.Write(Descriptor, Exchange.Request).IsError)
                {
                    End(failed: true);
                    return;
                }
            }

            if ((events & (PollEvents.In | PollEvents.PeerClosed)) != PollEvents.None)
            {
                Receive();
            }
        }

        private void Receive()
        {
            SysResult read = SocketIo.Read(Descriptor, Buffer);
            if (read.IsError && read.Is(Errno.EAGAIN))
            {
                return;
            }

            if (read.IsError || read.Value == 0)
            {
                End(failed: true);
                return;
            }

            _received += (int)read.Value;
            if (_received >= Exchange.Response.Length)
            {
                state.Latencies.RecordSince(_begun);
                End(failed: false);
            }
        }

        private void End(bool failed)
        {
            if (failed)
            {
                state.Errors++;
            }

            int descriptor = Descriptor;
            Loop.Unregister(this);
            SocketIo.Close(descriptor);
            state.Connect();
        }
    }
}
