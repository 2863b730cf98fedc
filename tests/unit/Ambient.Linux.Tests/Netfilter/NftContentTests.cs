using Ambient.Linux.Netfilter;

namespace Ambient.Linux.Tests.Netfilter;

public sealed class NftContentTests
{
    [Fact]
    public void Batch_IsReadAsChainsAndRulesInOrder()
    {
        IReadOnlyList<string> lines = Lines(["eth1", "eth0"], new NftRule().IsFrame(0x0806).Accept(), new NftRule().IsNotTransport(6).Accept());
        Assert.Equal(3, lines.Count);
        Assert.Contains("devices eth0,eth1", lines[0], StringComparison.Ordinal);
        Assert.Contains("0806", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void WhatDiffersInAnyPart_IsAnotherLine()
    {
        string[] all =
        [
            .. new[] { new NftRule().IsFrame(0x0806), new NftRule().IsFrame(0x0800), new NftRule().IsSaidToBe(0x0800), new NftRule().IsNotTransport(6), new NftRule().IsNotTransport(7), new NftRule().IsRouted(), new NftRule().GoesOut(1), new NftRule().GoesOut(2), new NftRule().CameIn(1) }
                .SelectMany(r => Lines(["eth0"], r.Accept()).Skip(1)),
            Lines(["eth0"])[0],
            Lines(["eth1"])[0],
            Lines(["eth0"], new NftRule().IsRouted())[1],
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    private static IReadOnlyList<string> Lines(string[] devices, params NftRule[] rules)
    {
        var batch = new NftBatch();
        batch.AddNewTable("t", NftFamily.Netdev);
        batch.AddNewTable("t");
        batch.AddRule("t", "other", new NftRule().Accept());
        batch.AddDroppingEgress("t", "c", 0, new NftDevices(devices));
        foreach (NftRule rule in rules)
        {
            batch.AddRule("t", "c", rule, NftFamily.Netdev);
        }

        return NftContent.Of(batch, NftFamily.Netdev, "t").Lines;
    }
}
