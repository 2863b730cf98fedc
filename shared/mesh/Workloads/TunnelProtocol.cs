namespace Ambient.Mesh.Workloads;

/// <summary>How a workload takes connections from the mesh (wire numbers).</summary>
public enum TunnelProtocol
{
    /// <summary>Plain TCP.</summary>
    None = 0,

    /// <summary>HBONE on port 15008.</summary>
    Hbone = 1,
}
