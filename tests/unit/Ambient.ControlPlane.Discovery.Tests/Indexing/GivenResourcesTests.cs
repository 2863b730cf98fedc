using System.Collections;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.Xds.Server.Resources;

namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

/// <summary>What an object gave before and does not give now.</summary>
public sealed class GivenResourcesTests
{
    /// <summary>Of an object with thousands of endpoints each is looked at once, not once for every other.</summary>
    [Fact]
    public void ManyResources_AreEachLookedAtOnce()
    {
        const int Count = 4096;
        Dictionary<string, string> before = Enumerable.Range(0, Count).ToDictionary(static i => "e" + i, static _ => MeshIndex.AddressType);
        var now = new CountedList([.. Enumerable.Range(1, Count).Select(static i => new ResourceChange(MeshIndex.AddressType, "e" + i, null))]);

        ResourceChange gone = Assert.Single(MeshIndex.Gone(before, now));

        Assert.Equal(("e0", MeshIndex.AddressType, true), (gone.Name, gone.TypeUrl, gone.Content is null));
        Assert.InRange(now.LookedAt, 1, Count);
        Assert.Empty(MeshIndex.Gone(null, now));
    }

    private sealed class CountedList(ResourceChange[] items) : IReadOnlyList<ResourceChange>
    {
        public int LookedAt { get; private set; }

        public int Count => items.Length;

        public ResourceChange this[int index]
        {
            get
            {
                LookedAt++;
                return items[index];
            }
        }

        public IEnumerator<ResourceChange> GetEnumerator()
        {
            foreach (ResourceChange item in items)
            {
                LookedAt++;
                yield return item;
            }
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
