namespace Ambient.Ztunnel.Pods;

/// <summary>Settings of the ZDS client (ztunnel.md 8). Immutable.</summary>
public sealed record ZdsClientOptions
{
    /// <summary>The agent's socket (INPOD_UDS).</summary>
    public string Path { get; init; } = "/var/run/ztunnel/ztunnel.sock";

    /// <summary>First pause between attempts to connect; doubles up to <see cref="MaxPause"/>.</summary>
    public TimeSpan ConnectPause { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>First pause after a hello that could not be sent; doubles, ± 20 %, up to <see cref="MaxPause"/>.</summary>
    public TimeSpan HelloPause { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Longest pause.</summary>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time between attempts to start the proxies that wait.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an ack may take to be written before the agent counts as dead.</summary>
    public TimeSpan SendLimit { get; init; } = TimeSpan.FromSeconds(5);
}
