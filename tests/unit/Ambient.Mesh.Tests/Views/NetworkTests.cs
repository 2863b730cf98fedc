using static Ambient.Mesh.Tests.TestMesh;

namespace Ambient.Mesh.Tests.Views;

public class NetworkTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(40)]
    public void ManyNetworks_AreKeptApart(int count)
    {
        TestMesh mesh = new();
        for (int i = 0; i < count; i++)
        {
            string network = $"net-{i * 7 % count}";
            mesh.Put(Workload(network, "10.0.0.1", spec => spec.Network = network));
        }

        for (int i = 0; i < count; i++)
        {
            Assert.Equal($"net-{i}", mesh.View.FindWorkload(Address($"net-{i}/10.0.0.1"))!.Name);
        }

        Assert.Null(mesh.View.FindWorkload(Address("net/10.0.0.1")));
        Assert.Equal(count, mesh.View.Networks.Count);
        mesh.Remove([.. Enumerable.Range(0, count).Select(i => $"cluster1//Pod/ns/net-{i}")]);
        Assert.Equal(0, mesh.View.Networks.Count);
    }
}
