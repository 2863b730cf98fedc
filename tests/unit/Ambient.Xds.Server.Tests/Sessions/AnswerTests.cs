using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Sessions;

namespace Ambient.Xds.Server.Tests.Sessions;

/// <summary>Clients whose answers come later than the next response.</summary>
public sealed class AnswerTests
{
    private readonly ResourceStore _store = Make.Store();
    private readonly SteppedClock _clock = new();
    private readonly RawClient _client;

    public AnswerTests() => _client = new RawClient(_store, clock: _clock);

    [Fact]
    public void ALateRefusal_IsNotOfWhatWasSentAnewSince()
    {
        _store.Apply([Make.Policy("p"), Make.Policy("q")]);
        _client.OpenWildcard(Make.PolicyType);
        DeltaDiscoveryResponse bad = Next();
        _store.Apply([Make.Policy("p", 81)]);
        DeltaDiscoveryResponse good = Next();

        Assert.Equal(RequestKind.Nack, _client.Refuse(bad, out _, "ns/p: bad port; ns/q: bad name"));
        Accept(good);

        Assert.Equal("ns/q", _client.Status.Single().Refused.Single().Key);
    }

    [Fact]
    public void AClientThatAnswersLate_IsAwaitedSinceTheFirstThatItDidNotAnswer()
    {
        _client.OpenWildcard();
        DeltaDiscoveryResponse last = Next();
        for (byte i = 1; i < 5; i++)
        {
            _store.Apply([Make.Workload("w1", i)]);
            DeltaDiscoveryResponse next = Next();
            Accept(last);
            Assert.Equal(_clock.GetUtcNow(), _client.Status.Single().AwaitingSince);
            last = next;
        }

        Accept(last);
        Assert.Null(_client.Status.Single().AwaitingSince);
    }

    [Fact]
    public void AClientThatAnswersNothing_IsAwaitedSinceTheFirst_AndCostsLittle()
    {
        var unanswered = new UnansweredResponses();
        for (int i = 0; i < 10 * UnansweredResponses.Most; i++)
        {
            unanswered.OnSent(i.ToString(System.Globalization.CultureInfo.InvariantCulture), i, DateTimeOffset.UnixEpoch.AddSeconds(i));
        }

        Assert.Equal(DateTimeOffset.UnixEpoch, unanswered.Since);
        Assert.InRange(unanswered.Count, 2, UnansweredResponses.Most);
        Assert.True(unanswered.TryAnswer("0", out _));
        Assert.True(unanswered.Since > DateTimeOffset.UnixEpoch);
        Assert.True(unanswered.TryAnswer("639", out long moment));
        Assert.Equal((639, null), (moment, unanswered.Since));
    }

    /// <summary>Names are counted once, and those that are answered and not remembered are given back.</summary>
    [Fact]
    public void TheBudget_IsWhatIsRemembered()
    {
        var budget = new NameBudget(100);
        var wildcard = new RawClient(_store, budget: budget);
        wildcard.OpenWildcard();
        wildcard.Subscribe("a");
        Assert.Equal(1, budget.Used);
        wildcard.Receive();
        Assert.Equal(0, budget.Used);
        var named = new RawClient(_store, budget: budget);
        named.OpenOnDemand();
        named.Subscribe("a", "b");
        Assert.Equal(2, budget.Used);
        named.Receive();
        Assert.Equal(2, budget.Used);
    }

    private DeltaDiscoveryResponse Next()
    {
        _clock.Step();
        return _client.ReceiveAll(acknowledge: false).Single();
    }

    private void Accept(DeltaDiscoveryResponse response) => _client.Send(new DeltaDiscoveryRequest { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce });

    private sealed class SteppedClock : TimeProvider
    {
        private DateTimeOffset _now = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => _now;

        internal void Step() => _now += TimeSpan.FromSeconds(1);
    }
}
