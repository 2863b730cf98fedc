namespace Ambient.Cni.Agent.Pods;

/// <summary>What identifies a network namespace while somebody holds it open. Immutable.</summary>
/// <param name="Device">Device of the namespace file.</param>
/// <param name="Inode">Inode of the namespace file.</param>
public readonly record struct NetworkIdentity(ulong Device, ulong Inode)
{
    /// <summary>As the kernel writes it.</summary>
    public override string ToString() => $"net:[{Inode}]";
}
