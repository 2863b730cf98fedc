namespace Ambient.Cni.Agent.Plugins;

/// <summary>The plugin's socket and its bounds. Immutable.</summary>
/// <param name="Path">Path of the socket.</param>
public sealed record PluginServerOptions(string Path)
{
    /// <summary>Connections served at once; more wait in the kernel's queue.</summary>
    public int MaxConnections { get; init; } = 256;

    /// <summary>How long a request may take to arrive, and an answer to leave.</summary>
    public TimeSpan ReadLimit { get; init; } = TimeSpan.FromSeconds(5);
}
