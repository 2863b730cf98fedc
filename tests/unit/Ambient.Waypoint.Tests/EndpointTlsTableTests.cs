using Ambient.Protocol.L7;
using Ambient.Waypoint.Encryption;
using Google.Protobuf;

namespace Ambient.Waypoint.Tests;

public sealed class EndpointTlsTableTests
{
    [Fact]
    public void Keys_AreInNothingThatIsShown()
    {
        List<string> said = [];
        EndpointTlsTable table = new(said.Add);
        DestinationSettings settings = Settings(new UpstreamTls { Certificate = ByteString.CopyFromUtf8("a certificate"), PrivateKey = ByteString.CopyFromUtf8("very secret"), SkipVerify = true });
        DestinationSettings shown = table.Take(settings);

        Assert.Empty(shown.Policies[0].Policy.Tls.PrivateKey);
        Assert.DoesNotContain("secret", shown.ToString(), StringComparison.Ordinal);
        Assert.Equal("very secret", settings.Policies[0].Policy.Tls.PrivateKey.ToStringUtf8());
        Assert.Contains("the client certificate", Assert.Single(said), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", said[0], StringComparison.Ordinal);

        // On disk neither; what is kept there is told by its missing version.
        DestinationSettings kept = Settings(new UpstreamTls { PrivateKey = ByteString.CopyFromUtf8("very secret") });
        Assert.True(EndpointTlsTable.RemoveKeys(kept));
        Assert.False(EndpointTlsTable.RemoveKeys(kept));
        Assert.DoesNotContain("very secret", kept.ToByteString().ToStringUtf8(), StringComparison.Ordinal);
    }

    [Fact]
    public void SettingsThatAreNotKnownYet_LeaveThoseBeforeInForce_AndWhatWasPlainIsClosed()
    {
        EndpointTlsTable table = new();
        DestinationSettings before = Settings(new UpstreamTls { Sni = "a", SkipVerify = true });
        before.Policies.Add(new ScopedPolicy { Port = 80, Policy = new TrafficPolicy() });
        before = table.Take(before);
        EndpointTls good = table.Find(before.Policies[0].Policy)!;
        DestinationSettings Pending()
        {
            DestinationSettings pending = Settings(NotYet());
            pending.Policies.Add(new ScopedPolicy { Port = 80, Policy = new TrafficPolicy { Tls = NotYet() } });
            pending.Policies.Add(new ScopedPolicy { Port = 443, Subset = "x", Policy = new TrafficPolicy { Tls = NotYet() } });
            return pending;
        }

        // Again and again: the control plane may begin twice.
        for (int round = 0; round < 2; round++)
        {
            DestinationSettings now = Pending();
            now = table.Take(now, before);
            Assert.Same(good, table.Find(now.Policies[0].Policy));
            Assert.Contains("being read", table.Find(now.Policies[1].Policy)!.Broken, StringComparison.Ordinal);
            Assert.Same(good, table.Find(now.Policies[2].Policy));
            before = now;
        }

        DestinationSettings alone = Pending();
        alone = table.Take(alone);
        Assert.NotNull(table.Find(alone.Policies[0].Policy)!.Broken);

        // What is broken for good is broken, and stays so.
        DestinationSettings broken = Settings(new UpstreamTls { Broken = "no such Secret" });
        broken = table.Take(broken, before);
        Assert.Equal("no such Secret", table.Find(broken.Policies[0].Policy)!.Broken);
        DestinationSettings after = Pending();
        after = table.Take(after, broken);
        Assert.NotNull(table.Find(after.Policies[0].Policy)!.Broken);
    }

    private static UpstreamTls NotYet() => new() { Broken = "the Secret apps/s is being read", Pending = true };

    [Fact]
    public void EqualSettings_AreOne_AndThoseThatNobodyHasAreBroken()
    {
        EndpointTlsTable table = new();
        DestinationSettings one = table.Take(Settings(new UpstreamTls { Sni = "a", SkipVerify = true }));
        DestinationSettings same = table.Take(Settings(new UpstreamTls { Sni = "a", SkipVerify = true }));
        DestinationSettings other = table.Take(Settings(new UpstreamTls { Sni = "b", SkipVerify = true }));
        EndpointTls first = table.Find(one.Policies[0].Policy)!;
        Assert.Null(first.Broken);
        Assert.Same(first, table.Find(same.Policies[0].Policy));
        Assert.NotSame(first, table.Find(other.Policies[0].Policy));
        Assert.Null(table.Find(new TrafficPolicy()));

        // Only what came out of it is known by it.
        DestinationSettings again = Settings(new UpstreamTls { Sni = "a", SkipVerify = true });
        Assert.NotNull(table.Find(again.Policies[0].Policy)!.Broken);
        Assert.Same(first, table.Find(table.Take(again).Policies[0].Policy));
        Assert.Same(first, table.Find(table.Take(again).Policies[0].Policy));
        DestinationSettings plain = new() { Policies = { new ScopedPolicy { Policy = new TrafficPolicy() } } };
        Assert.Same(plain, table.Take(plain));
        Assert.NotNull(table.Find(new TrafficPolicy { Tls = new UpstreamTls() })!.Broken);
        Assert.Null(table.Find(other.Policies[0].Policy)!.Broken);
    }

    [Theory]
    [InlineData("", "Www.Example.com:8443", "svc", "www.example.com")]
    [InlineData("", "www.example.com", "svc", "www.example.com")]
    [InlineData("", "[::1]:8443", "svc", "[::1]")]
    [InlineData("", "[::1]", "svc", "[::1]")]
    [InlineData("", "10.0.0.1:443", "svc", "10.0.0.1")]
    [InlineData("", "", "svc", "svc")]
    [InlineData("given", "www.example.com", "svc", "given")]
    public void Server_IsWhoIsAskedFor(string sni, string authority, string hostname, string expected)
    {
        EndpointTls tls = EndpointTls.Make(new UpstreamTls { Sni = sni, SkipVerify = true });
        Assert.Equal(expected, tls.For(authority, hostname).ServerName);
        Assert.Equal(tls.For(authority, hostname), tls.For(authority, hostname));
    }

    private static DestinationSettings Settings(UpstreamTls tls) => new() { Namespace = "ns", Hostname = "host", Policies = { new ScopedPolicy { Policy = new TrafficPolicy { Tls = tls } } } };
}
