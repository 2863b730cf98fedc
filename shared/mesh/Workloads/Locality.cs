namespace Ambient.Mesh.Workloads;

/// <summary>Where a workload runs. Immutable.</summary>
/// <param name="Region">Cloud region.</param>
/// <param name="Zone">Availability zone.</param>
/// <param name="Subzone">Part of the zone.</param>
public sealed record Locality(string Region, string Zone, string Subzone)
{
    /// <summary>Unknown place.</summary>
    public static Locality Empty { get; } = new("", "", "");
}
