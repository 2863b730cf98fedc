using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Proc;
using Ambient.Topology.Networks;

namespace Ambient.Topology.Processes;

/// <summary>
/// A program kept running in a namespace, in a session of its own, with its output in a file: it outlives its starter unless it is
/// disposed. Thread-safe.
/// </summary>
public sealed class RunningProcess : IAsyncDisposable
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(15);
    private readonly Process _process;
    private int _disposed;

    private RunningProcess(ProcessPlan plan, Process process, long logStart)
    {
        Plan = plan;
        _process = process;
        LogStart = logStart;
    }

    /// <summary>What was started.</summary>
    public ProcessPlan Plan { get; }

    /// <summary>Its process id; the program itself, not a wrapper.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Its exit code, once it has ended; 128 + signal for a signal.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Completes when it ends.</summary>
    public Task Exited => _process.WaitForExitAsync();

    private long LogStart { get; }

    /// <summary>Starts it. Throws <see cref="InvalidOperationException"/> when it cannot be started.</summary>
    public static RunningProcess Start(ProcessPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var words = new List<string>();
        if (plan.NamespaceName is not null)
        {
            words.AddRange(["ip", "netns", "exec", plan.NamespaceName]);
        }

        if (plan.User is not null)
        {
            words.AddRange(["setpriv", "--reuid=" + plan.User, "--regid=" + plan.User, "--init-groups", "--"]);
        }

        // The shell only redirects: program and arguments reach it as parameters, never as text to read. Opening the log comes last
        // in the chain, so it must be writable for the user.
        words.AddRange(["sh", "-c", "exec >>\"$0\" 2>&1 </dev/null; exec \"$@\"", plan.LogPath, plan.Program, .. plan.Arguments]);
        long logStart = PrepareLog(plan);
        var start = new ProcessStartInfo("setsid", words) { UseShellExecute = false };
        foreach ((string key, string value) in plan.Environment)
        {
            start.Environment[key] = value;
        }

        try
        {
            return new RunningProcess(plan, Process.Start(start)!, logStart);
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"cannot start {plan.Name}: {e.Message}", e);
        }
    }

    /// <summary>What this start of the program has written so far.</summary>
    public string ReadLog()
    {
        using var file = new FileStream(Plan.LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(Math.Min(LogStart, file.Length), SeekOrigin.Begin);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    /// <summary>Complete lines written so far.</summary>
    public IReadOnlyList<string> LogLines()
    {
        string[] lines = ReadLog().Split('\n');
        return lines[..^1];
    }

    /// <summary>Waits for a line that holds the text; throws <see cref="TimeoutException"/> with the end of the log.</summary>
    public Task<string> WaitForLineAsync(string text, TimeSpan deadline) =>
        WaitForAsync(() => LogLines().FirstOrDefault(l => l.Contains(text, StringComparison.Ordinal)), $"a line with \"{text}\"", deadline);

    /// <summary>Waits until a TCP connection to the address is accepted inside the namespace; throws as <see cref="WaitForLineAsync"/>.</summary>
    public async Task WaitForPortAsync(IPEndPoint address, TimeSpan deadline)
    {
        ArgumentNullException.ThrowIfNull(address);
        using NetworkNamespace? inside = Plan.NamespaceName is null ? null : VirtualNetwork.OpenNamespace(Plan.NamespaceName);
        await WaitForAsync(() => Accepts(inside, address) ? "" : null, string.Create(CultureInfo.InvariantCulture, $"port {address}"), deadline);
    }

    /// <summary>Waits until the probe gives something; throws <see cref="TimeoutException"/> with the end of the log.</summary>
    public async Task<string> WaitForAsync(Func<string?> probe, string what, TimeSpan deadline)
    {
        ArgumentNullException.ThrowIfNull(probe);
        long end = Stopwatch.GetTimestamp() + (long)(deadline.TotalSeconds * Stopwatch.Frequency);
        while (true)
        {
            bool exited = HasExited;
            if (probe() is string found)
            {
                return found;
            }

            if (exited)
            {
                throw new TimeoutException($"{Plan.Name} ended with {ExitCode} before {what}; its log: {LogTail()}");
            }

            if (Stopwatch.GetTimestamp() > end)
            {
                throw new TimeoutException($"{Plan.Name}: no {what} within {deadline.TotalSeconds:0.#} s; its log: {LogTail()}");
            }

            await Task.Delay(PollEvery, TimeProvider.System);
        }
    }

    /// <summary>The last lines of the log, for messages.</summary>
    public string LogTail(int lines = 12)
    {
        IReadOnlyList<string> all = LogLines();
        return string.Join('\n', all.Skip(Math.Max(0, all.Count - lines)));
    }

    /// <summary>Sends a signal (see <see cref="ProcessSignal"/>); a process that is gone is no error.</summary>
    public void Signal(int signal)
    {
        if (!_process.HasExited)
        {
            _ = ProcessSignal.Send(_process.Id, signal);
        }
    }

    /// <summary>SIGTERM, and SIGKILL to it and its children at the deadline; returns once it has ended.</summary>
    public async Task StopAsync(TimeSpan deadline)
    {
        Signal(ProcessSignal.Terminate);
        try
        {
            await _process.WaitForExitAsync().WaitAsync(deadline, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            await KillAsync();
        }
    }

    /// <summary>SIGKILL to it and its children; returns once it has ended.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
    }

    /// <summary>Stops it within three seconds; once is enough.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await StopAsync(TimeSpan.FromSeconds(3));
            _process.Dispose();
        }
    }

    private static long PrepareLog(ProcessPlan plan)
    {
        using FileStream log = new(plan.LogPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.SetUnixFileMode(plan.LogPath, (UnixFileMode)0b110_110_110);
        return log.Length;
    }

    private static bool Accepts(NetworkNamespace? inside, IPEndPoint address)
    {
        using Socket socket = inside is null ? Open(address) : inside.Run(() => Open(address));
        try
        {
            socket.Connect(address);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static Socket Open(IPEndPoint address) => new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
}
