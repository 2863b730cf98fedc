using Ambient.Cni.Plugin.Sandboxes;
using Ambient.Linux;

namespace Ambient.Cni.Plugin.Tests;

/// <summary>Sandboxes without a kernel; what happens to the guard is written down.</summary>
internal sealed class FakeSandboxes : ISandboxes, ISandbox
{
    public List<string> Done { get; } = [];

    public Errno OpenError { get; init; }

    public Errno GuardError { get; init; }

    public bool IsNode { get; init; }

    public bool IsGuarded { get; set; }

    public ISandbox Open(string networkPath)
    {
        Done.Add("open " + networkPath);
        return OpenError == Errno.None ? this : throw new LinuxException("open", networkPath, OpenError);
    }

    public void RaiseGuard()
    {
        Done.Add("raise");
        IsGuarded = GuardError == Errno.None ? true : throw new LinuxException("nftables", "x", GuardError);
    }

    public void LiftGuard()
    {
        Done.Add("lift");
        IsGuarded = false;
    }

    public void Dispose() => Done.Add("close");
}
