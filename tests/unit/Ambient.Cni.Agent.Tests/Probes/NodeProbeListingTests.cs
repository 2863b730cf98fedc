using System.Net;
using Ambient.Cni.Agent.Probes;

namespace Ambient.Cni.Agent.Tests.Probes;

public sealed class NodeProbeListingTests
{
    private const string Listing = """
        table inet ambient-probes {
        	set probes-v4 {
        		type ipv4_addr . inet_service
        		elements = { 10.0.0.1 . 80,
        			     10.0.0.2 . 8080 }
        	}

        	set probes-v6 {
        		type ipv6_addr . inet_service
        		elements = { fd00::2 . 443 }
        	}

        	chain postrouting {
        		type nat hook postrouting priority srcnat - 10; policy accept;
        		meta skuid 0 ip daddr . tcp dport @probes-v4 counter packets 3 bytes 180 snat ip to 169.254.7.127
        		meta skuid 0 ip6 daddr . tcp dport @probes-v6 counter packets 0 bytes 0 snat ip6 to fd16::1
        	}
        }

        """;

    [Fact]
    public void Listing_IsAsWritten_WhateverWasCounted() => Assert.True(IsAsWritten(Listing));

    [Theory]
    [InlineData("10.0.0.2 . 8080 ", "10.0.0.2 . 8081 ")]
    [InlineData("elements = { fd00::2 . 443 }", "")]
    [InlineData("10.0.0.1 . 80,", "10.0.0.1 . 80, 6.6.6.6 . 80,")]
    [InlineData("10.0.0.1 . 80,", "10.0.0.1 . http,")]
    [InlineData("snat ip6 to fd16::1", "snat ip6 to fd16::2")]
    [InlineData("skuid 0 ip ", "skuid 1 ip ")]
    [InlineData("snat ip to 169.254.7.127", "snat ip to 169.254.7.127\naccept")]
    [InlineData("meta skuid 0 ip6 daddr . tcp dport @probes-v6 counter packets 0 bytes 0 snat ip6 to fd16::1", "")]
    [InlineData("type nat hook postrouting priority srcnat - 10; policy accept;", "")]
    public void WhateverSomebodyChanged_IsNoticed(string was, string isNow)
    {
        Assert.Contains(was, Listing, StringComparison.Ordinal);
        Assert.False(IsAsWritten(Listing.Replace(was, isNow, StringComparison.Ordinal)));
    }

    private static bool IsAsWritten(string listing) => NodeProbeListing.IsAsWritten(
        listing,
        new HashSet<(IPAddress, int)> { (IPAddress.Parse("10.0.0.1"), 80), (IPAddress.Parse("10.0.0.2"), 8080), (IPAddress.Parse("fd00::2"), 443) },
        0,
        IPAddress.Parse("169.254.7.127"),
        IPAddress.Parse("fd16::1"));
}
