namespace Ambient.Mesh.Services;

/// <summary>Which endpoints take part (wire numbers).</summary>
public enum HealthPolicy
{
    /// <summary>Healthy ones.</summary>
    OnlyHealthy = 0,

    /// <summary>All.</summary>
    AllowAll = 1,
}
