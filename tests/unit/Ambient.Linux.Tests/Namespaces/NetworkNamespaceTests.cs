using Ambient.Linux.Namespaces;

namespace Ambient.Linux.Tests.Namespaces;

public sealed class NetworkNamespaceTests
{
    [Fact]
    public void Current_IsThatOfTheProcess()
    {
        using NetworkNamespace current = NetworkNamespace.Current();
        using NetworkNamespace process = NetworkNamespace.OfProcess(Environment.ProcessId);
        Assert.True(current.IsSameAs(process));
        Assert.NotEqual(0UL, current.Inode);
        Assert.Contains($"net:[{current.Inode}]", File.ResolveLinkTarget("/proc/self/ns/net", false)!.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_InTheOwnNamespace_SwitchesNothing()
    {
        using NetworkNamespace current = NetworkNamespace.Current();
        Assert.Equal(42, current.Run(() => 42));
    }

    [Fact]
    public void Open_NoSuchPath_NamesIt()
    {
        LinuxException e = Assert.Throws<LinuxException>(() => NetworkNamespace.Open("/run/netns/no-such-namespace"));
        Assert.Contains("/run/netns/no-such-namespace", e.Message, StringComparison.Ordinal);
    }
}
