using Ambient.Xds.Server.Resources;

namespace Ambient.Xds.Server.Tests.Resources;

public sealed class ResourceStoreTests
{
    [Fact]
    public void SameContent_IsNoChange()
    {
        ResourceStore store = Make.Store();
        int raised = 0;
        store.Changed += () => raised++;

        Assert.Equal(1, store.Apply([Make.Workload("w", 1)]));
        Assert.Equal(0, store.Apply([Make.Workload("w", 1)]));
        Assert.Equal(0, store.Apply([Make.NoAddress("other")]));
        Assert.Equal((1, 1L), (raised, store.Sequence));
    }

    [Fact]
    public void Versions_AreOfTheContent()
    {
        ResourceStore store = Make.Store();
        ResourceStore other = Make.Store();
        store.Apply([Make.Workload("w", 1)]);
        other.Apply([Make.Service("s", 9)]);
        other.Apply([Make.Workload("w", 2)]);
        string before = other.Versions(Make.AddressType)["w"];
        other.Apply([Make.Workload("w", 1)]);

        Assert.Equal(store.Versions(Make.AddressType)["w"], other.Versions(Make.AddressType)["w"]);
        Assert.NotEqual(before, other.Versions(Make.AddressType)["w"]);
    }

    [Fact]
    public void UnknownType_IsAProgrammersError() =>
        Assert.Throws<ArgumentException>(() => Make.Store().Apply([new ResourceChange("type.googleapis.com/other", "x", null)]));
}
