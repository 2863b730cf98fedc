namespace Ambient.Mesh.Workloads;

/// <summary>What the application wants to be told about the tunnel (wire numbers).</summary>
public enum ApplicationTunnelProtocol
{
    /// <summary>Bytes only.</summary>
    None = 0,

    /// <summary>A PROXY protocol version 2 header first.</summary>
    Proxy = 1,
}
