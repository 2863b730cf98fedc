using Ambient.Grpc.Framing;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Sessions;

namespace Ambient.Xds.Server.Tests.Sessions;

/// <summary>Resources that are each for one owner: whatever a client asks for, it hears of no other's.</summary>
public sealed class OwnedTypeTests
{
    private const string Type = "type.googleapis.com/own";
    private readonly ResourceStore _store = new([Type], ownedTypeUrls: [Type]);

    [Fact]
    public void AnOwner_HasItsOwn_FromTheBeginningAndAsItChanges()
    {
        _store.Apply([Set("a/w/1"), Set("a/w2/1"), Set("a/w"), Set("b/w/1")]);
        DeltaSession session = Session("a/w");
        session.Take(new DeltaDiscoveryRequest { TypeUrl = Type }, out _);
        Assert.Equal("+a/w/1", Due(session));
        _store.Apply([Set("a/w2/2"), Set("b/w/1", 81)]);
        Assert.Equal("", Due(session));
        _store.Apply([Set("a/w/2"), Set("a/w2/3"), Gone("a/w2/1"), Gone("a/w/1")]);
        Assert.Equal("+a/w/2 -a/w/1", Due(session));
    }

    [Fact]
    public void NamesOfOthers_AreNotAnswered()
    {
        _store.Apply([Set("a/w/1"), Set("b/w/1")]);
        DeltaSession session = Session("a/w");
        session.Take(new DeltaDiscoveryRequest { TypeUrl = Type, ResourceNamesSubscribe = { "b/w/1" } }, out _);
        Assert.Equal("+a/w/1", Due(session));
        session.Take(new DeltaDiscoveryRequest { TypeUrl = Type, ResourceNamesSubscribe = { "b/w/1", "*" } }, out _);
        Assert.Equal("+a/w/1", Due(session));
    }

    [Fact]
    public void ANobody_IsRefused()
    {
        GrpcException refused = Assert.Throws<GrpcException>(() => Session(null).Take(new DeltaDiscoveryRequest { TypeUrl = Type }, out _));
        Assert.Equal(GrpcCode.PermissionDenied, refused.Code);
    }

    [Fact]
    public void AReconnection_TellsOnlyWhatIsDifferent()
    {
        _store.Apply([Set("a/w/1"), Set("a/w/2"), Set("b/w/1")]);
        DeltaSession session = Session("a/w");
        string version = _store.Versions(Type)["a/w/1"];
        session.Take(new DeltaDiscoveryRequest { TypeUrl = Type, InitialResourceVersions = { ["a/w/1"] = version, ["a/w/3"] = "x" } }, out _);
        Assert.Equal("+a/w/2 -a/w/3", Due(session));
    }

    private static string Due(DeltaSession session) => string.Join(' ', session.Due().SelectMany(response => response.Resources.Select(entry => "+" + entry.Name).Concat(response.Removed.Select(name => "-" + name))));

    private static ResourceChange Set(string name, uint port = 80) => new(Type, name, Make.Policy(name, port).Content);

    private static ResourceChange Gone(string name) => new(Type, name, null);

    private DeltaSession Session(string? owner)
    {
        DeltaSession session = new(_store, new DeltaSessionLimits(), TimeProvider.System);
        session.SetNode("", owner);
        return session;
    }
}
