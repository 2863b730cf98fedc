using Ambient.Grpc.Framing;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Sessions;

namespace Ambient.Xds.Server.Tests.Sessions;

public sealed class DeltaSessionTests
{
    [Fact]
    [Trait("behaviour", "CP-159")]
    public void Wildcard_GetsAnEmptyAnswer_ThenWhatChanges()
    {
        ResourceStore store = Make.Store();
        var client = new RawClient(store);
        client.OpenWildcard();

        Assert.Equal("A", client.Receive());
        Assert.Equal("", client.Receive());
        store.Apply([Make.Workload("w1", 1)]);
        Assert.Equal("A +w1", client.Receive());
        store.Apply([Make.Workload("w2", 2)]);
        Assert.Equal("A +w2", client.Receive());
        store.Apply([Make.NoAddress("w1")]);
        Assert.Equal("A -w1", client.Receive());
        Assert.Equal("", client.Receive());
    }

    [Fact]
    [Trait("behaviour", "CP-161")]
    [Trait("behaviour", "CP-162")]
    public void OnDemand_GetsWhatItNames_AlsoWhenThatComesLater()
    {
        ResourceStore store = Make.Store();
        var client = new RawClient(store, "n1");
        client.OpenOnDemand();
        Assert.Equal("A", client.Receive());

        store.Apply([Make.Workload("w1", 1, "n2")]);
        Assert.Equal("", client.Receive());
        client.Subscribe("/10.0.0.1");
        Assert.Equal("A +w1", client.Receive());
        client.Subscribe("/10.0.0.2");
        Assert.Equal("A -/10.0.0.2", client.Receive());
        store.Apply([Make.Workload("w2", 2, "n2")]);
        Assert.Equal("A +w2", client.Receive());
        client.Subscribe("/10.0.0.1");
        Assert.Equal("A +w1", client.Receive());
    }

    [Fact]
    [Trait("behaviour", "CP-163")]
    public void OnDemand_GetsItsNodesWorkloadsUnasked()
    {
        ResourceStore store = Make.Store();
        var client = new RawClient(store, "n1");
        client.OpenOnDemand();
        client.Receive();

        store.Apply([Make.Workload("mine", 1, "n1"), Make.Workload("other", 2, "n2")]);
        Assert.Equal("A +mine", client.Receive());
        store.Apply([Make.NoAddress("mine"), Make.NoAddress("other")]);
        Assert.Equal("A -mine", client.Receive());
    }

    [Fact]
    [Trait("behaviour", "CP-164")]
    public void OnDemand_HeldWorkloadChanges_WithoutItsService()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Workload("w1", 1)]);
        var client = new RawClient(store);
        client.OpenOnDemand();
        client.Subscribe("/10.0.0.1");
        Assert.Equal("A +w1", client.Receive());

        store.Apply([Make.Service("s", 1), Make.Workload("w1", 1, "", "ns/s")]);

        Assert.Equal("A +w1", client.Receive());
    }

    [Fact]
    public void OnDemand_ServiceComesWithItsWorkloads_AndKeepsThem()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Service("s", 1), Make.Workload("w1", 1, "", "ns/s"), Make.Workload("w2", 2)]);
        var client = new RawClient(store);
        client.OpenOnDemand();
        client.Subscribe("/10.1.0.1");
        Assert.Equal("A +ns/s +w1", client.Receive());

        store.Apply([Make.Workload("w3", 3, "", "ns/s")]);
        Assert.Equal("A +w3", client.Receive());
        store.Apply([Make.Service("s", 1, 81)]);
        Assert.Equal("A +ns/s", client.Receive());
        client.Unsubscribe("/10.1.0.1", "ns/s", "w1", "w3");
        Assert.Equal("A", client.Receive());
        store.Apply([Make.Service("s", 1, 82)]);
        Assert.Equal("", client.Receive());
    }

    [Fact]
    [Trait("behaviour", "CP-14")]
    [Trait("behaviour", "CP-102")]
    public void OnDemand_ServiceAndItsPodAtOnce_ComeOnce_AndNobodysAddressIsNothing()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Service("s", 1), Make.Workload("w1", 1, "", "ns/s")]);
        var client = new RawClient(store);
        client.OpenOnDemand();
        client.Subscribe("/10.1.0.1", "/10.0.0.1", "w1", "ns/s");
        Assert.Equal("A +ns/s +w1", client.Receive());
        client.Subscribe("/10.99.0.1");
        Assert.Equal("A -/10.99.0.1", client.Receive());
    }

    [Fact]
    [Trait("behaviour", "CP-165")]
    public void OnDemand_ReconnectWithoutVersion_GetsThatAndItsNode()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Workload("w1", 1, "n2"), Make.Workload("mine", 2, "n1"), Make.Workload("other", 3, "n2")]);
        var client = new RawClient(store, "n1");
        DeltaDiscoveryRequest request = client.First(Make.AddressType);
        request.ResourceNamesSubscribe.Add("*");
        request.ResourceNamesUnsubscribe.Add("*");
        request.InitialResourceVersions["/10.0.0.1"] = "";
        client.Send(request);

        Assert.Equal("A +mine +w1", client.Receive());
    }

    [Fact]
    [Trait("behaviour", "CP-166")]
    public void Wildcard_ReconnectWithEmptyVersions_GetsEverything()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Workload("w1", 1), Make.Service("s", 2)]);
        var client = new RawClient(store);
        DeltaDiscoveryRequest request = client.First(Make.AddressType);
        request.InitialResourceVersions["w1"] = "";
        client.Send(request);

        Assert.Equal("A +ns/s +w1", client.Receive());
    }

    [Fact]
    [Trait("behaviour", "CP-167")]
    public void OnDemand_Reconnect_ComparesVersions()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Service("s", 1), Make.Workload("w1", 1, "", "ns/s")]);
        var client = new RawClient(store);
        client.OpenOnDemand();
        client.Subscribe("ns/s");
        Assert.Equal("A +ns/s +w1", client.Receive());

        client.Reconnect();
        client.OpenOnDemand();
        Assert.Equal("A", client.Receive());
        store.Apply([Make.Workload("w1", 2, "", "ns/s")]);
        client.Reconnect();
        client.OpenOnDemand();
        Assert.Equal("A +w1", client.Receive());
        store.Apply([Make.NoAddress("w1")]);
        client.Reconnect();
        client.OpenOnDemand();
        Assert.Equal("A -w1", client.Receive());
    }

    [Fact]
    public void Wildcard_Reconnect_MovesOnlyWhatDiffers()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Workload("w1", 1), Make.Workload("w2", 2), Make.Workload("w3", 3), Make.Policy("p")]);
        var client = new RawClient(store);
        client.OpenWildcard();
        client.OpenWildcard(Make.PolicyType);
        Assert.Equal("P +ns/p | A +w1 +w2 +w3", client.Receive());

        client.Reconnect();
        client.OpenWildcard();
        client.OpenWildcard(Make.PolicyType);
        Assert.Equal("P | A", client.Receive());
        store.Apply([Make.Workload("w2", 22), Make.NoAddress("w3"), Make.Workload("w4", 4)]);
        client.Reconnect();
        client.OpenWildcard();
        Assert.Equal("A +w2 +w4 -w3", client.Receive());
    }

    [Fact]
    [Trait("behaviour", "CP-168")]
    public void Wildcard_KeepsNoNames_ButAnswersForThem()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Workload("w1", 1), Make.Workload("w2", 2)]);
        var client = new RawClient(store);
        client.OpenWildcard();
        client.Receive();

        client.Subscribe("w1", "none");
        Assert.Equal("A +w1 -none", client.Receive());
        client.Unsubscribe("w1");
        Assert.Equal("A", client.Receive());
        client.Subscribe("*");
        Assert.Equal("A +w1 +w2", client.Receive());
        Assert.Equal(0, client.Status.Single().Held);
        store.Apply([Make.Workload("w1", 3)]);
        Assert.Equal("A +w1", client.Receive());
    }

    [Fact]
    [Trait("behaviour", "CP-169")]
    [Trait("behaviour", "CP-170")]
    public void Policies_ComeAlone()
    {
        ResourceStore store = Make.Store();
        var client = new RawClient(store);
        client.OpenWildcard(Make.PolicyType);
        Assert.Equal("P", client.Receive());

        store.Apply([Make.Policy("a")]);
        Assert.Equal("P +ns/a", client.Receive());
        store.Apply([Make.Policy("b")]);
        Assert.Equal("P +ns/b", client.Receive());
        store.Apply([Make.Policy("b")]);
        Assert.Equal("", client.Receive());
        store.Apply([Make.NoPolicy("a")]);
        Assert.Equal("P -ns/a", client.Receive());
        store.Apply([Make.Workload("w", 1)]);
        Assert.Equal("", client.Receive());
    }

    [Fact]
    [Trait("behaviour", "CP-171")]
    public void MixedStore_TellsEachChangeAlone()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Workload("w1", 1), Make.Workload("w2", 2), Make.Workload("w3", 3), Make.Service("s1", 1), Make.Service("s2", 2), Make.Service("s3", 3)]);
        var client = new RawClient(store);
        DeltaDiscoveryRequest request = client.First(Make.AddressType);
        request.ResourceNamesSubscribe.Add("*");
        client.Send(request);
        Assert.Equal("A +ns/s1 +ns/s2 +ns/s3 +w1 +w2 +w3", client.Receive());

        store.Apply([Make.Service("s1", 1, 81)]);
        Assert.Equal("A +ns/s1", client.Receive());
        store.Apply([Make.NoAddress("ns/s1")]);
        Assert.Equal("A -ns/s1", client.Receive());
        store.Apply([Make.NoAddress("w1")]);
        Assert.Equal("A -w1", client.Receive());
    }

    [Fact]
    public void Policies_AreSetBeforeAndRemovedAfterWorkloads()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Policy("old")]);
        var client = new RawClient(store);
        client.OpenWildcard();
        client.OpenWildcard(Make.PolicyType);
        client.Receive();

        store.Apply([Make.NoPolicy("old"), Make.Policy("new"), Make.Workload("w", 1)]);

        Assert.Equal("P +ns/new | A +w | P -ns/old", client.Receive());
    }

    [Fact]
    public void SlowClient_GetsTheLatestStateOnce()
    {
        ResourceStore store = Make.Store();
        var client = new RawClient(store);
        client.OpenWildcard();
        client.Receive();
        for (byte i = 0; i < 200; i++)
        {
            store.Apply([Make.Workload("often", i)]);
            store.Apply([Make.Workload("brief", 1)]);
            store.Apply([Make.NoAddress("brief")]);
        }

        Assert.Equal("A +often", client.Receive());
        Assert.Equal(store.Versions(Make.AddressType), client.Held());
    }

    [Fact]
    public void NameThatWentAndCameAndWent_IsRemoved()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Workload("w", 1)]);
        var client = new RawClient(store);
        client.OpenWildcard();
        client.Receive();

        store.Apply([Make.NoAddress("w")]);
        store.Apply([Make.Workload("w", 1)]);
        store.Apply([Make.NoAddress("w")]);

        Assert.Equal("A -w", client.Receive());
    }

    [Fact]
    public void ClientFarBehindForgottenNames_HasToComeAnew()
    {
        ResourceStore store = Make.Store(tombstones: 2);
        store.Apply([Make.Workload("w1", 1), Make.Workload("w2", 2), Make.Workload("w3", 3), Make.Workload("w4", 4)]);
        var client = new RawClient(store);
        client.OpenWildcard();
        client.Receive();
        foreach (string name in new[] { "w1", "w2", "w3" })
        {
            store.Apply([Make.NoAddress(name)]);
        }

        GrpcException end = Assert.Throws<GrpcException>(() => client.Receive());
        Assert.Equal(GrpcCode.Unavailable, end.Code);
        client.Reconnect();
        client.OpenWildcard();
        Assert.Equal("A -w1 -w2 -w3", client.Receive());
    }

    [Fact]
    public void Refusal_NamesWhatWasSent_AndNothingIsSentAgain()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Workload("w1", 1)]);
        var client = new RawClient(store);
        client.OpenWildcard();
        DeltaDiscoveryResponse response = client.ReceiveAll(acknowledge: false).Single();

        Assert.Equal(RequestKind.Nack, client.Refuse(response, out string? refusal));
        Assert.Equal("bad thing (the response had w1)", refusal);
        Assert.Equal("", client.Receive());
        Assert.Equal("bad thing", client.Status.Single().Refusal);
        store.Apply([Make.Workload("w1", 2)]);
        Assert.Equal("A +w1", client.Receive());
        Assert.Null(client.Status.Single().Refusal);
        Assert.Equal(2, client.Status.Single().AckedSequence);
    }

    /// <summary>What was refused is not in force at the client until it was sent anew and taken, whatever else it accepts.</summary>
    [Fact]
    public void RefusedResources_StayRefused_UntilTheyAreSentAnewAndTaken()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Policy("p"), Make.Policy("q"), Make.Policy("r")]);
        var client = new RawClient(store);
        client.OpenWildcard(Make.PolicyType);
        client.Refuse(client.ReceiveAll(acknowledge: false).Single(), out _, "ns/p: bad port; with a semicolon; ns/q: bad\nname; ns/none: x");
        Assert.Equal("ns/p=bad port ns/q=bad name", Refused(client));

        store.Apply([Make.Policy("r", 81)]);
        client.ReceiveAll();
        Assert.Equal("ns/p=bad port ns/q=bad name", Refused(client));
        store.Apply([Make.Policy("p", 82)]);
        client.Refuse(client.ReceiveAll(acknowledge: false).Single(), out _, "still bad");
        Assert.Equal("ns/p=still bad ns/q=bad name", Refused(client));
        store.Apply([Make.Policy("p", 83), Make.NoPolicy("q")]);
        client.ReceiveAll(acknowledge: false);
        Assert.Equal("ns/p=still bad ns/q=bad name", Refused(client));
        store.Apply([Make.Policy("r", 84)]);
        client.ReceiveAll();
        Assert.Equal("", Refused(client));
    }

    /// <summary>Policies are set in one response and removed in a later one; the first may be the one that is refused.</summary>
    [Fact]
    public void RefusalOfAResponseBeforeTheLast_Counts()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Policy("gone"), Make.Workload("w1", 1)]);
        var client = new RawClient(store);
        client.OpenWildcard(Make.PolicyType);
        client.OpenWildcard();
        client.ReceiveAll();
        store.Apply([Make.NoPolicy("gone"), Make.Policy("p"), Make.Workload("w1", 2)]);
        DeltaDiscoveryResponse[] responses = [.. client.ReceiveAll(acknowledge: false).Where(static response => response.TypeUrl == Make.PolicyType)];
        Assert.Equal(2, responses.Length);

        Assert.Equal(RequestKind.Nack, client.Refuse(responses[0], out string? refusal, "ns/p: bad port"));
        Assert.NotNull(refusal);
        client.Send(new DeltaDiscoveryRequest { TypeUrl = Make.PolicyType, ResponseNonce = responses[1].Nonce });

        Assert.Equal("ns/p=bad port", Refused(client));
    }

    [Fact]
    public void WhatAClientSays_IsBounded()
    {
        ResourceStore store = Make.Store();
        store.Apply(Enumerable.Range(0, 200).Select(static i => Make.Policy("p" + i)));
        var client = new RawClient(store);
        client.OpenWildcard(Make.PolicyType);
        client.Refuse(client.ReceiveAll(acknowledge: false).Single(), out _, string.Join("; ", Enumerable.Range(0, 200).Select(static i => $"ns/p{i}: {new string('x', i == 0 ? 5000 : 1)}")));

        IReadOnlyList<KeyValuePair<string, string>> refused = client.Status.Single().Refused;
        Assert.Equal((RefusedResources.Most, RefusedResources.LongestReason), (refused.Count, refused.Max(static one => one.Value.Length)));
    }

    [Fact]
    public void Unanswered_IsSinceTheFirstResponseThatWasNotAnswered()
    {
        ResourceStore store = Make.Store();
        var client = new RawClient(store);
        client.OpenWildcard();
        client.ReceiveAll();
        Assert.Null(client.Status.Single().AwaitingSince);
        store.Apply([Make.Workload("w1", 1)]);
        client.ReceiveAll(acknowledge: false);
        DateTimeOffset? since = client.Status.Single().AwaitingSince;
        Assert.NotNull(since);
        store.Apply([Make.Workload("w1", 2)]);
        client.ReceiveAll(acknowledge: false);
        Assert.Equal(since, client.Status.Single().AwaitingSince);
        store.Apply([Make.Workload("w1", 3)]);
        client.ReceiveAll();
        Assert.Null(client.Status.Single().AwaitingSince);
    }

    private static string Refused(RawClient client) =>
        string.Join(' ', client.Status.Single(static type => type.TypeUrl == Make.PolicyType).Refused.OrderBy(static one => one.Key, StringComparer.Ordinal).Select(static one => $"{one.Key}={one.Value}"));

    [Fact]
    public void StaleAnswer_IsIgnored_ButItsNamesAreNot()
    {
        ResourceStore store = Make.Store();
        store.Apply([Make.Workload("w1", 1)]);
        var client = new RawClient(store);
        client.OpenOnDemand();
        client.Receive();

        Assert.Equal(RequestKind.Stale, client.Send(new DeltaDiscoveryRequest { TypeUrl = Make.AddressType, ResponseNonce = "old", ErrorDetail = new Status { Message = "x" } }));
        Assert.Equal("", client.Receive());
        client.Send(new DeltaDiscoveryRequest { TypeUrl = Make.AddressType, ResponseNonce = "old", ResourceNamesSubscribe = { "w1" } });
        Assert.Equal("A +w1", client.Receive());
        Assert.Null(client.Status.Single().Refusal);
    }

    [Fact]
    public void UnknownType_IsAnsweredEmpty_Once()
    {
        var client = new RawClient(Make.Store());
        client.OpenWildcard("type.googleapis.com/other");

        Assert.Equal("?", client.Receive());
        Assert.Equal("", client.Receive());
    }

    [Fact]
    public void TooMuch_IsRefused()
    {
        var client = new RawClient(Make.Store(), limits: new DeltaSessionLimits { MaxNames = 3, MaxTypes = 2 });
        client.OpenOnDemand();
        client.Subscribe("a", "b", "c");
        Assert.Equal(GrpcCode.ResourceExhausted, Assert.Throws<GrpcException>(() => client.Subscribe("d")).Code);
        client.OpenWildcard("t1");
        Assert.Equal(GrpcCode.ResourceExhausted, Assert.Throws<GrpcException>(() => client.OpenWildcard("t2")).Code);
    }

    [Fact]
    public void AllTogether_HaveSoManyNames_AndGiveThemBack()
    {
        var budget = new NameBudget(2);
        var first = new RawClient(Make.Store(), budget: budget);
        var other = new RawClient(Make.Store(), budget: budget);
        first.OpenOnDemand();
        first.Subscribe("a");
        first.Receive();
        other.OpenOnDemand();
        Assert.Equal(GrpcCode.ResourceExhausted, Assert.Throws<GrpcException>(() => other.Subscribe("b", "c")).Code);
        other.Leave();
        first.Unsubscribe("a");
        Assert.Equal(0, budget.Used);
        first.Subscribe("d", "e");
        first.Leave();
        Assert.Equal(0, budget.Used);
    }

    [Fact]
    public void LargeState_ComesInSeveralResponses()
    {
        ResourceStore store = Make.Store();
        store.Apply(Enumerable.Range(1, 50).Select(i => Make.Workload("w" + i, (byte)i)));
        var client = new RawClient(store, limits: new DeltaSessionLimits { MaxResponseBytes = 1000 });
        client.OpenWildcard();

        IReadOnlyList<DeltaDiscoveryResponse> responses = client.ReceiveAll();

        Assert.InRange(responses.Count, 5, 25);
        Assert.All(responses, response => Assert.InRange(response.CalculateSize(), 1, 1100));
        Assert.Equal(responses.Count, responses.Select(response => response.Nonce).Distinct().Count());
        Assert.Equal(store.Versions(Make.AddressType), client.Held());
    }
}
