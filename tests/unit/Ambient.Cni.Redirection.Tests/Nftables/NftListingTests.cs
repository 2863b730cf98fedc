using System.Text.Json;
using Ambient.Cni.Redirection.Nftables;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Tests.Nftables;

public sealed class NftListingTests
{
    private const string Redirect = """
        [{"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": "127.0.0.1"}},
         {"match": {"op": "!=", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 15008}},
         {"match": {"op": "!=", "left": {"&": [{"meta": {"key": "mark"}}, 4095]}, "right": 1337}},
         {"counter": {"packets": 7, "bytes": 9}}, {"redirect": {"port": 15006}}]
        """;

    private static readonly Rule Expected = RuleSet.Build(new RedirectionOptions()).In(RuleTable.Nat, RuleHook.Prerouting)[2];

    [Fact]
    public void Rule_AsTheKernelListsIt_IsTheModels() => Assert.Equal(Expected, Read(Redirect));

    [Theory]
    [InlineData("15008", "15009")]
    [InlineData("1337", "1336")]
    [InlineData("4095", "65535")]
    [InlineData("127.0.0.1", "127.0.0.2")]
    [InlineData("\"daddr\"", "\"saddr\"")]
    [InlineData("\"dport\"", "\"sport\"")]
    [InlineData("\"tcp\"", "\"udp\"")]
    [InlineData("15006", "15001")]
    [InlineData("\"!=\"", "\"==\"")]
    [InlineData("\"counter\"", "\"limit\"")]
    [InlineData("\"port\": 15006", "\"port\": 15006, \"flags\": \"random\"")]
    [InlineData("\"ip\"", "\"ip6\"")]
    public void Rule_ChangedInAnyPlace_IsNotTheModels(string old, string changed)
    {
        string json = Redirect.Replace(old, changed, StringComparison.Ordinal);
        Assert.NotEqual(Redirect, json);
        Assert.NotEqual(Expected, Read(json));
    }

    [Theory]
    [InlineData(4294963200u)]
    [InlineData(4294963473u)]
    public void ConnectionMark_InEitherListing_IsTheModels(uint kept)
    {
        Rule rule = Read($$$$"""
            [{"match": {"op": "==", "left": {"&": [{"meta": {"key": "mark"}}, 4095]}, "right": 1337}},
             {"mangle": {"key": {"ct": {"key": "mark"}}, "value": {"|": [{"&": [{"ct": {"key": "mark"}}, {{{{kept}}}}]}, 273]}}}]
            """);
        Assert.Equal(RuleAction.SetConnectionMark(new MaskedMark(0x111, 0xfff)), rule.Action);
        Assert.Null(rule.Foreign);
    }

    /// <summary>Where there is no /etc/protocols, as in most images, nft prints numbers.</summary>
    [Theory]
    [InlineData("\"tcp\"", Transport.Tcp)]
    [InlineData("6", Transport.Tcp)]
    [InlineData("17", Transport.Udp)]
    public void Transport_ByNameOrNumber_IsTheModels(string said, Transport transport)
    {
        Rule rule = Read($$$"""[{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": {{{said}}} }}, {"accept": null}]""");
        Assert.Equal((transport, null), (rule.Transport, rule.Foreign));
    }

    [Fact]
    public void Listing_Mutated_NeverThrows()
    {
        string listing = "{\"nftables\": [{\"metainfo\": {\"version\": \"1\"}}, {\"table\": {\"family\": \"inet\", \"name\": \"ambient-redirection\"}},"
            + "{\"chain\": {\"family\": \"inet\", \"table\": \"ambient-redirection\", \"name\": \"nat-output\", \"type\": \"nat\", \"hook\": \"output\", \"prio\": -100, \"policy\": \"accept\"}},"
            + "{\"rule\": {\"family\": \"inet\", \"table\": \"ambient-redirection\", \"chain\": \"nat-output\", \"expr\": " + Redirect + "}}]}";
        Assert.True(NftListing.TryReadTable(listing, [NftNames.Table], out NftTable? table));
        Assert.Equal(Expected with { Hook = RuleHook.Output }, Assert.Single(table.Rules["nat-output"]));

        int seed = Environment.TickCount;
        var random = new Random(seed);
        string tokens = "{}[]\":,-0123456789netnullbar";
        for (int i = 0; i < 20_000; i++)
        {
            char[] changed = listing.ToCharArray();
            for (int n = random.Next(1, 6); n > 0; n--)
            {
                changed[random.Next(changed.Length)] = tokens[random.Next(tokens.Length)];
            }

            string text = random.Next(8) == 0 ? new string(changed, 0, random.Next(changed.Length)) : new string(changed);
            _ = NftListing.TryReadTable(text, [], out _);
            _ = NftListing.TryReadTableNames(text, out _);
        }
    }

    private static Rule Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return NftRuleReader.Read(RuleTable.Nat, RuleHook.Prerouting, document.RootElement);
    }
}
