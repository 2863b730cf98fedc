using Ambient.Xds.Client;

namespace Ambient.Xds.Tests.Client;

public sealed class ResourceTableTests
{
    [Fact]
    public void BehavesLikeADictionary()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        var table = new ResourceTable();
        var model = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < 50_000; i++)
        {
            string name = $"cluster//Pod/ns/{random.Next(2000)}é";
            if (random.Next(3) == 0)
            {
                Assert.True(model.Remove(name) == table.Remove(name), $"seed {seed}");
            }
            else
            {
                string version = random.Next(4) == 0 ? "" : $"v{random.Next(50)}";
                model[name] = version;
                table.Set(name, version);
            }

            Assert.Equal(model.ContainsKey(name), table.Contains(name));
        }

        Assert.Equal(model.Count, table.Count);
        Assert.Equal(model.OrderBy(pair => pair.Key, StringComparer.Ordinal), table.All().OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void HoldsALargeMeshInLittleMemory()
    {
        const int count = 100_000;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var table = new ResourceTable();
        for (int i = 0; i < count; i++)
        {
            table.Set($"Kubernetes//Pod/namespace-{i % 100}/deployment-{i}-abcde", "12345678");
        }

        long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / count;
        GC.KeepAlive(table);
        Assert.InRange(each, 40, 130);
    }
}
