using System.Net;
using Ambient.Topology.Processes;

namespace Ambient.Testing.Networks;

/// <summary>A foreign program under a test: started, waited for by line or port with a deadline, ended. Thread-safe.</summary>
public sealed class Peer : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);

    /// <summary>Takes ownership of a started program.</summary>
    public Peer(RunningProcess process)
    {
        ArgumentNullException.ThrowIfNull(process);
        Process = process;
    }

    /// <summary>The process.</summary>
    public RunningProcess Process { get; }

    /// <summary>What it has written so far.</summary>
    public string Log => Process.ReadLog();

    /// <summary>Starts a program in the test's own network; the log goes to a temporary file.</summary>
    public static Peer Start(string name, string program, params string[] arguments) =>
        new(RunningProcess.Start(new ProcessPlan(name, program, arguments) { LogPath = Path.GetTempFileName() }));

    /// <summary>Waits for a line; this, for chaining.</summary>
    public async Task<Peer> ReadyOnLineAsync(string text)
    {
        await Process.WaitForLineAsync(text, Deadline);
        return this;
    }

    /// <summary>Waits until the address accepts connections inside the program's namespace; this, for chaining.</summary>
    public async Task<Peer> ReadyOnPortAsync(IPAddress address, int port)
    {
        await Process.WaitForPortAsync(new IPEndPoint(address, port), Deadline);
        return this;
    }

    /// <summary>Waits for a line anywhere in its log.</summary>
    public Task<string> LineAsync(string text) => Process.WaitForLineAsync(text, Deadline);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
