namespace Ambient.Mesh.Services;

/// <summary>Who may find a Service (wire numbers).</summary>
public enum ServiceVisibility
{
    /// <summary>Everyone.</summary>
    Public = 0,

    /// <summary>Clients of its own namespace.</summary>
    Namespace = 1,
}
