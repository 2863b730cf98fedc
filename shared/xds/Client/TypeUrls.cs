namespace Ambient.Xds.Client;

/// <summary>The resource types, in the order in which they are asked for (ztunnel reference section 4.2).</summary>
public static class TypeUrls
{
    /// <summary>Workloads and services.</summary>
    public const string Address = "type.googleapis.com/istio.workload.Address";

    /// <summary>Policies.</summary>
    public const string Authorization = "type.googleapis.com/istio.security.Authorization";
}
