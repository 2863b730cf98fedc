namespace Ambient.Cni.Agent.Pods;

/// <summary>Where a pod is to be brought.</summary>
internal enum PodAim
{
    /// <summary>Unknown: everything stays as it is.</summary>
    Hold = 0,

    /// <summary>Into the mesh.</summary>
    Enrol = 1,

    /// <summary>Out of the mesh, while it runs.</summary>
    Leave = 2,

    /// <summary>Its processes ended or its object is gone: nothing of it remains, its kernel is not touched.</summary>
    Vanish = 3,
}
