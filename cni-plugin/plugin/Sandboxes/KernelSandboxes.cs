using Ambient.Cni.Guard;
using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Plugin.Sandboxes;

/// <summary>Sandboxes of this machine.</summary>
public sealed class KernelSandboxes : ISandboxes
{
    /// <inheritdoc/>
    public ISandbox Open(string networkPath) => new KernelSandbox(NetworkNamespace.Open(networkPath));

    private sealed class KernelSandbox(NetworkNamespace network) : ISandbox
    {
        public bool IsNode => IsIn("/proc/thread-self/ns/net") || IsIn("/proc/1/ns/net");

        public bool IsGuarded => PodGuard.IsRaised(network);

        public void RaiseGuard() => PodGuard.Raise(network);

        public void LiftGuard() => PodGuard.Lift(network)?.Dispose();

        public void Dispose() => network.Dispose();

        private bool IsIn(string path)
        {
            try
            {
                using NetworkNamespace other = NetworkNamespace.Open(path);
                return network.IsSameAs(other);
            }
            catch (LinuxException)
            {
                // Whose namespace may not be looked at is not ours to guard by mistake: entering it would be refused as well.
                return false;
            }
        }
    }
}
