namespace Ambient.Cni.Plugin.Sandboxes;

/// <summary>The kernel's side of sandboxes.</summary>
public interface ISandboxes
{
    /// <summary>Opens a sandbox by the path of its network namespace. Throws <see cref="Linux.LinuxException"/>.</summary>
    ISandbox Open(string networkPath);
}
