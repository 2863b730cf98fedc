namespace Ambient.Ztunnel.Settings;

/// <summary>Whom the process serves (<c>PROXY_MODE</c>).</summary>
public enum ProxyMode
{
    /// <summary>Every pod of the node, each in its own network namespace.</summary>
    Shared,

    /// <summary>One workload, in the process' own namespace.</summary>
    Dedicated,
}
