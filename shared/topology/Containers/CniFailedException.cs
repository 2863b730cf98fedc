namespace Ambient.Topology.Containers;

/// <summary>A plugin of the chain failed; the message is what it said.</summary>
public sealed class CniFailedException(string plugin, string message) : Exception($"CNI plugin {plugin}: {message}")
{
    /// <summary>Type of the plugin.</summary>
    public string Plugin { get; } = plugin;
}
