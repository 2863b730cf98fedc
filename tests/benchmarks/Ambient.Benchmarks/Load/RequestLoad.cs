using System.Diagnostics;
using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Benchmarks.Load;

/// <summary>Small requests over kept connections: each sends its next when it has its answer, or all send at a fixed total rate.</summary>
internal static class RequestLoad
{
    /// <summary>Runs to the end of the window and prints counts and latencies. A rate of 0 is the closed loop.</summary>
    public static int Run(SocketAddress address, int connections, TimeSpan duration, int rate)
    {
        LoadLoop loop = new();
        Statistics statistics = new();
        Client[] clients = new Client[connections];
        for (int i = 0; i < connections; i++)
        {
            clients[i] = new Client(statistics, closedLoop: rate == 0);
            loop.Add(clients[i], Connector.Begin(address), PollEvents.In | PollEvents.Out | PollEvents.PeerClosed);
        }

        while (clients.Any(c => !c.IsConnected && !c.IsBroken))
        {
            loop.Turn(100);
        }

        Pacer? pacer = rate == 0 ? null : new Pacer(clients, rate);
        if (pacer is not null)
        {
            loop.Add(pacer, pacer.OpenTimer(), PollEvents.In);
        }

        MeasuredWindow window = new(duration);
        window.Started += statistics.Clear;
        while (window.Continue())
        {
            loop.Turn(100);
        }

        if (clients.Any(c => c.IsBroken))
        {
            Console.Error.WriteLine($"{clients.Count(c => c.IsBroken)} connections were closed by the path");
            return 1;
        }

        LatencyHistogram latencies = statistics.Latencies;
        window.Print(("count", latencies.Count), ("errors", statistics.Late), ("p50", latencies.Quantile(0.5)), ("p99", latencies.Quantile(0.99)), ("p999", latencies.Quantile(0.999)));
        return 0;
    }

    private sealed class Statistics
    {
        public LatencyHistogram Latencies { get; } = new();

        /// <summary>Requests of the open loop whose connection still waited for its last answer at their time.</summary>
        public long Late { get; set; }

        public void Clear()
        {
            Latencies.Clear();
            Late = 0;
        }
    }

    private sealed class Client(Statistics statistics, bool closedLoop) : PollHandler
    {
        private static readonly byte[] Buffer = new byte[64 * 1024];
        private long _sent;
        private int _received;
        private bool _waiting;

        public bool IsConnected { get; private set; }

        public bool IsBroken { get; private set; }

        /// <summary>Sends a request that was due at the given time.</summary>
        public void Send(long due)
        {
            if (_waiting)
            {
                statistics.Late++;
                return;
            }

            _sent = due;
            _waiting = true;
            if (SocketIo.Write(Descriptor, Exchange.Request).IsError)
            {
                IsBroken = true;
            }
        }

        protected override void OnEvents(PollEvents events)
        {
            if ((events & (PollEvents.Error | PollEvents.HangUp | PollEvents.PeerClosed)) != PollEvents.None)
            {
                IsBroken = true;
                return;
            }

            if (!IsConnected && (events & PollEvents.Out) != PollEvents.None)
            {
                IsConnected = true;
                if (closedLoop)
                {
                    Send(Stopwatch.GetTimestamp());
                }
            }

            if ((events & PollEvents.In) != PollEvents.None)
            {
                Receive();
            }
        }

        private void Receive()
        {
            SysResult read = SocketIo.Read(Descriptor, Buffer);
            if (read.IsError || read.Value == 0)
            {
                IsBroken |= !read.IsError || !read.Is(Errno.EAGAIN);
                return;
            }

            _received += (int)read.Value;
            if (_received < Exchange.Response.Length)
            {
                return;
            }

            _received -= Exchange.Response.Length;
            _waiting = false;
            statistics.Latencies.RecordSince(_sent);
            if (closedLoop)
            {
                Send(Stopwatch.GetTimestamp());
            }
        }
    }

    /// <summary>Sends at a fixed rate, connections in turn, by a timerfd; latency counts from the scheduled time.</summary>
    private sealed class Pacer(Client[] clients, int rate) : PollHandler
    {
        private static readonly byte[] Expirations = new byte[8];
        private readonly long _interval = Stopwatch.Frequency / rate;
        private long _next;
        private int _turn;

        public int OpenTimer()
        {
            _next = Stopwatch.GetTimestamp();
            return TimerDescriptor.Open(TimeSpan.FromSeconds(1.0 / rate));
        }

        protected override void OnEvents(PollEvents events)
        {
            TimerDescriptor.Acknowledge(Descriptor, Expirations);
            for (long now = Stopwatch.GetTimestamp(); _next <= now; _next += _interval)
            {
                clients[_turn].Send(_next);
                _turn = (_turn + 1) % clients.Length;
            }
        }
    }
}
