using System.Net;

namespace Ambient.Topology.Containers;

/// <summary>A plugin of the chain failed; the message is what it said.</summary>
public sealed class CniFailedException : Exception
{
    /// <summary>A plugin failed.</summary>
    public CniFailedException(string plugin, string message)
        : base($"CNI plugin {plugin}: {message}") => Plugin = plugin;

    internal CniFailedException(CniFailedException cause)
        : base(cause.Message, cause) => Plugin = cause.Plugin;

    /// <summary>Type of the plugin.</summary>
    public string Plugin { get; }

    /// <summary>Addresses that the plugins before it gave the sandbox.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];
}
