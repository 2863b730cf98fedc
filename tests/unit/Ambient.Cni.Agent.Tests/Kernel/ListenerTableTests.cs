using Ambient.Cni.Agent.Kernel;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Tests.Kernel;

public sealed class ListenerTableTests
{
    [Fact]
    public void Listeners_AreReadWithTheirBacklog()
    {
        const string table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:3A98 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
               1: 00000000000000000000000000000000:3AA0 00000000000000000000000000000000:0000 0A 00000000:00000201 00:00000000 0 0 0 2
               2: 0100007F:0050 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 3 1
            """;
        Assert.Equal(new Dictionary<int, int> { [15000] = 0, [15008] = 0x201 }, ListenerTable.Listeners(table));
    }

    [Fact]
    public void OwnListener_IsSeen_AndItsEndIsSeen()
    {
        using NetworkNamespace here = NetworkNamespace.Current();
        var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        int port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        Assert.Null(ListenerTable.Check(here, [port], null));
        listener.Stop();
        Assert.Equal($"nothing listens on port {port} in the pod", ListenerTable.Check(here, [port], null));
    }

    [Fact]
    [Trait("behaviour", "CNI-160")]
    [Trait("behaviour", "CNI-162")]
    [Trait("behaviour", "CNI-164")]
    public async Task HeldNetwork_IsClosedByItsLastHold_AndNotWhileSomebodyWorksInIt()
    {
        using var held = new HeldNetworks();
        NetworkNamespace first = NetworkNamespace.Open("/proc/self/stat");
        var identity = held.Hold(first);
        NetworkNamespace second = NetworkNamespace.Open("/proc/self/stat");
        Assert.Equal(identity, held.Hold(second));
        Assert.True(second.IsClosed);
        held.Release(identity);
        Assert.False(first.IsClosed);
        var working = new TaskCompletionSource<Agent.Pods.StepResult>();
        Task<Agent.Pods.StepResult?> work = held.UseAsync(identity, _ => working.Task, CancellationToken.None);
        held.Release(identity);
        Assert.False(first.IsClosed);
        working.SetResult(Agent.Pods.StepResult.Ok);
        await work;
        Assert.True(first.IsClosed);
        Assert.Equal(0, held.Count);
        Assert.False(held.Release(identity));
        Assert.Null(await held.UseAsync(identity, _ => Task.FromResult(Agent.Pods.StepResult.Ok), CancellationToken.None));
        Assert.Null(held.Duplicate(identity));
    }
}
