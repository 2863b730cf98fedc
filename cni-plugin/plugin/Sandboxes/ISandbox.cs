namespace Ambient.Cni.Plugin.Sandboxes;

/// <summary>An open network namespace of a sandbox. Everything throws <see cref="Linux.LinuxException"/>.</summary>
public interface ISandbox : IDisposable
{
    /// <summary>Whether it is not a sandbox at all but the node itself.</summary>
    bool IsNode { get; }

    /// <summary>Whether the guard is up.</summary>
    bool IsGuarded { get; }

    /// <summary>Raises the guard; twice is the same as once.</summary>
    void RaiseGuard();

    /// <summary>Lifts the guard; lifting what is not there succeeds.</summary>
    void LiftGuard();
}
