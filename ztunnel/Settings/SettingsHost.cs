namespace Ambient.Ztunnel.Settings;

/// <summary>What the settings depend on beside the environment: the machine and its files. Immutable.</summary>
public sealed record SettingsHost
{
    /// <summary>Where the mesh config is looked for, relative to the working directory (ztunnel.md 9.1).</summary>
    public const string MeshConfigPath = "./etc/istio/config/mesh";

    private const string LoopbackSwitch = "/proc/sys/net/ipv6/conf/lo/disable_ipv6";

    /// <summary>Text of the mesh config; null when there is none.</summary>
    public string? MeshConfig { get; init; }

    /// <summary>Cores of the machine.</summary>
    public int LogicalCores { get; init; } = 2;

    /// <summary>Whether <c>::1</c> can be bound.</summary>
    public bool HasIPv6Loopback { get; init; } = true;

    /// <summary>Words after <c>proxy</c>; recorded only.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Whether a file is there.</summary>
    public Func<string, bool> FileExists { get; init; } = static _ => false;

    /// <summary>The machine that we run on. A mesh config that exists and cannot be read is an error, not an absent one.</summary>
    /// <exception cref="IOException">The mesh config cannot be read.</exception>
    public static SettingsHost OfMachine(IReadOnlyList<string> arguments) => new()
    {
        MeshConfig = File.Exists(MeshConfigPath) ? File.ReadAllText(MeshConfigPath) : null,
        LogicalCores = Environment.ProcessorCount,
        HasIPv6Loopback = ReadLoopbackSwitch(),
        Arguments = arguments,
        FileExists = File.Exists,
    };

    private static bool ReadLoopbackSwitch()
    {
        try
        {
            return File.ReadAllText(LoopbackSwitch).Trim() != "1";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Without the file the kernel has no such switch: binding will tell.
            return true;
        }
    }
}
