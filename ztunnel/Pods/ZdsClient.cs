using System.Diagnostics;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Polling;
using Ambient.Linux.Sockets;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Pods;

/// <summary>
/// Talks with the node agent: connects for ever, says hello, takes pods and answers each message in its order
/// (ztunnel.md 8.1–8.4, 8.6). One thread of its own, since every step of it waits; public members are thread-safe.
/// </summary>
public sealed class ZdsClient : IDisposable
{
    private const int Unsaid = -1;
    private readonly ZdsClientOptions _options;
    private readonly PodTable _pods;
    private readonly Logger _log;
    private readonly Action<bool> _readiness;
    private readonly Action<string> _violation;
    private readonly Waker _waker = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly byte[] _buffer = new byte[ZdsCodec.MaxRequest];
    private Thread? _thread;
    private volatile bool _stopping;
    private int _leads = Unsaid;
    private bool _ready;
    private int _failedConnects;
    private int _failedHellos;
    private bool _heard;
    private TimeSpan? _retryAt;

    /// <summary>
    /// <paramref name="readiness"/> hears every change; <paramref name="violation"/> is called once when the agent broke the
    /// protocol, after the error ack: the process is expected to exit with code 1. Both are called on the client's thread.
    /// </summary>
    public ZdsClient(ZdsClientOptions options, PodTable pods, Logger log, Action<bool> readiness, Action<string> violation)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _pods, _log, _readiness, _violation) = (options, pods, log, readiness, violation);
    }

    /// <summary>Whether the agent counts on this ztunnel: false when a newer one has all pods; null when the agent does not say.</summary>
    public bool? Leads => Volatile.Read(ref _leads) is var said && said == Unsaid ? null : said == 1;

    /// <summary>Starts the thread.</summary>
    public void Start()
    {
        _thread = new Thread(Run, 256 * 1024) { Name = "zds", IsBackground = true };
        _thread.Start();
    }

    /// <summary>
    /// Ends the conversation and waits for the thread. Proxies keep running, and readiness keeps its last value: a shutdown
    /// must never make an unready task ready.
    /// </summary>
    public void Stop()
    {
        _stopping = true;
        _waker.Signal();
        if (_thread is { } thread && thread != Thread.CurrentThread)
        {
            thread.Join();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _waker.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            using PacketSocket? socket = TryConnect();
            if (socket is null)
            {
                Pause(Backoff(_options.ConnectPause, _failedConnects++));
                continue;
            }

            _failedConnects = 0;
            if (!TrySend(socket, ZdsCodec.Hello))
            {
                _log.Warn("the node agent did not take the hello", LogField.Of("path", _options.Path));
                PauseAfterHello();
                continue;
            }

            Volatile.Write(ref _leads, Unsaid);
            _pods.BeginConversation();
            _retryAt = null;
            _heard = false;
            string end = Converse(socket);
            _pods.EndConversation();
            ReportReadiness();
            if (!_stopping)
            {
                _log.Info("connection to the node agent ended", LogField.Of("reason", end));
                if (!_heard)
                {
                    // Accepted and closed without a word: reconnecting at once would only spin.
                    PauseAfterHello();
                }
            }
        }
    }

    private PacketSocket? TryConnect()
    {
        try
        {
            PacketSocket socket = PacketSocket.Connect(_options.Path);
            _log.Info("connected to the node agent", LogField.Of("path", _options.Path));
            return socket;
        }
        catch (LinuxException e)
        {
            _log.Log(_failedConnects == 0 ? LogLevel.Warn : LogLevel.Debug, "cannot connect to the node agent", LogField.Of("error", e.Message));
            return null;
        }
    }

    /// <summary>One conversation; returns why it ended.</summary>
    private string Converse(PacketSocket socket)
    {
        while (!_stopping)
        {
            RetryIfDue();
            ReportReadiness();
            if (!socket.WaitReadable(_waker, UntilRetry()))
            {
                continue;
            }

            SysResult received = socket.TryReceive(_buffer, 1, out ReceivedPacket? packet);
            if (received.Is(Errno.EAGAIN))
            {
                continue;
            }

            if (packet is null)
            {
                return received.ToString();
            }

            if (packet.Length == 0 && packet.Descriptors.Count == 0)
            {
                return "EOF";
            }

            _heard = true;
            if (Handle(socket, packet) is { } end)
            {
                return end;
            }
        }

        return "stopping";
    }

    /// <summary>Reads, applies and answers one packet; returns why the conversation must end, or null.</summary>
    private string? Handle(PacketSocket socket, ReceivedPacket packet)
    {
        if (!TryRead(packet, out ZdsMessage? message, out NetworkNamespace? network, out string? error))
        {
            // An agent that says what nobody understands says it again at once: wait before the next try, as after silence.
            _heard = false;
            packet.CloseDescriptors();
            string text = "failure to read message : " + error;
            TrySend(socket, ZdsCodec.Ack(text));
            return text;
        }

        _log.Debug("message from the node agent", LogField.Of("message", message!.ToString()));
        ZdsOutcome outcome = _pods.Apply(message, network);
        if (message is ZdsMessage.Leads leads)
        {
            Volatile.Write(ref _leads, leads.Value ? 1 : 0);
        }

        // Ready before the ack: whoever sees the ack may look at readiness next.
        ReportReadiness();
        bool sent = TrySend(socket, ZdsCodec.Ack(outcome.Error));
        if (outcome.IsProtocolViolation)
        {
            _log.Error("the node agent violated the protocol, the process must end", LogField.Of("error", outcome.Error));
            _stopping = true;
            _violation(outcome.Error!);
            return outcome.Error;
        }

        if (_pods.IsReady)
        {
            _failedHellos = 0;
        }

        return sent ? null : "the ack could not be sent";
    }

    private bool TryRead(ReceivedPacket packet, out ZdsMessage? message, out NetworkNamespace? network, out string? error)
    {
        network = null;
        message = null;
        error = packet switch
        {
            { DataCut: true } => "message is longer than 1024 bytes",
            { ControlCut: true } or { Descriptors.Count: > 1 } => "more than one file descriptor",
            _ => null,
        };
        if (error is not null || !ZdsCodec.TryRead(_buffer.AsSpan(0, packet.Length), out message, out error))
        {
            return false;
        }

        bool isAdd = message is ZdsMessage.Add;
        if (isAdd != (packet.Descriptors.Count == 1))
        {
            error = isAdd ? "add without a file descriptor" : "unexpected file descriptor";
            return false;
        }

        if (!isAdd)
        {
            return true;
        }

        try
        {
            network = NetworkNamespace.FromDescriptor(packet.Descriptors[0]);
            return true;
        }
        catch (LinuxException e)
        {
            error = e.Message;
            return false;
        }
    }

    /// <summary>The agent reads each ack before it sends again, so a full socket means that it hangs: wait a little, then give up.</summary>
    private bool TrySend(PacketSocket socket, ReadOnlySpan<byte> packet)
    {
        SysResult sent = socket.TrySend(packet);
        if (sent.Is(Errno.EAGAIN) && socket.WaitWritable(_waker, (int)_options.SendLimit.TotalMilliseconds))
        {
            sent = socket.TrySend(packet);
        }

        return !sent.IsError;
    }

    private void RetryIfDue()
    {
        if (!_pods.HasWaiting)
        {
            _retryAt = null;
            return;
        }

        _retryAt ??= _clock.Elapsed + _options.RetryInterval;
        if (_clock.Elapsed >= _retryAt)
        {
            _pods.Retry();
            _retryAt = _pods.HasWaiting ? _clock.Elapsed + _options.RetryInterval : null;
        }
    }

    private int UntilRetry() =>
        _retryAt is { } at ? (int)Math.Max(0, Math.Ceiling((at - _clock.Elapsed).TotalMilliseconds)) : -1;

    private void ReportReadiness()
    {
        bool ready = _pods.IsReady;
        if (ready != _ready && !_stopping)
        {
            _ready = ready;
            _readiness(ready);
        }
    }

    private void PauseAfterHello() =>
        Pause(Backoff(_options.HelloPause, _failedHellos++) * (0.8 + (0.4 * Random.Shared.NextDouble())));

    private TimeSpan Backoff(TimeSpan first, int failures)
    {
        double milliseconds = first.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 30));
        return TimeSpan.FromMilliseconds(Math.Min(milliseconds, _options.MaxPause.TotalMilliseconds));
    }

    private void Pause(TimeSpan pause)
    {
        TimeSpan until = _clock.Elapsed + pause;
        while (!_stopping && _clock.Elapsed < until)
        {
            RetryIfDue();
            TimeSpan rest = until - _clock.Elapsed;
            int milliseconds = (int)Math.Max(1, Math.Ceiling(rest.TotalMilliseconds));
            int untilRetry = UntilRetry();
            _waker.Wait(untilRetry >= 0 ? Math.Min(untilRetry, milliseconds) : milliseconds);
        }
    }
}
