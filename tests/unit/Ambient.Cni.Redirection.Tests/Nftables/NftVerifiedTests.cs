using System.Buffers.Binary;
using Ambient.Cni.Redirection.Nftables;
using Ambient.Cni.Redirection.Rules;

namespace Ambient.Cni.Redirection.Tests.Nftables;

/// <summary>Bytes that were read once stand for their like, and for nothing else.</summary>
public sealed class NftVerifiedTests
{
    private const uint One = 0x4bcd_1238, Other = 0x2222_0008;

    [Fact]
    public void TwoPods_ThatDifferByTheirMarkAlone_HaveOneKey() =>
        Assert.Equal(NftVerified.KeyOf(Rules(One), Bytes(One, 15008, One)), NftVerified.KeyOf(Rules(Other), Bytes(Other, 15008, Other)));

    [Theory]
    [InlineData(Other, One, 15008u, One)]
    [InlineData(One, Other, 15008u, One)]
    [InlineData(One, One, 15008u, Other)]
    [InlineData(One, One, 15009u, One)]
    [InlineData(One, One, One, 15008u)]
    public void AnythingElse_HasAnother(uint mark, uint first, uint second, uint third) =>
        Assert.NotEqual(NftVerified.KeyOf(Rules(One), Bytes(One, 15008, One)), NftVerified.KeyOf(Rules(mark), Bytes(first, second, third)));

    [Fact]
    public void OtherRules_HaveAnotherKey()
    {
        byte[] bytes = Bytes(One);
        string key = NftVerified.KeyOf(Rules(One), bytes);
        Assert.NotEqual(key, NftVerified.KeyOf(RuleSet.Build(new RedirectionOptions { DnsCapture = false }.WithSecret(One)), bytes));
        Assert.NotEqual(key, NftVerified.KeyOf(RuleSet.Build(new RedirectionOptions()), bytes));
    }

    [Fact]
    public void SmallMark_ThatMayStandForSomethingElse_IsTakenAsItIs() =>
        Assert.NotEqual(NftVerified.KeyOf(Rules(0x8), Bytes(0x8)), NftVerified.KeyOf(Rules(0x18), Bytes(0x18)));

    [Fact]
    public void WhatIsKnown_IsBounded()
    {
        var verified = new NftVerified();
        for (int i = 0; i < 2000; i++)
        {
            verified.Add("k" + i, ["t"]);
            Assert.InRange(verified.Count, 1, 512);
        }

        Assert.Equal(["t"], verified.Find("k1999"));
        Assert.Null(verified.Find("k0"));
    }

    private static RuleSet Rules(uint mark) => RuleSet.Build(new RedirectionOptions().WithSecret(mark));

    private static byte[] Bytes(params uint[] words)
    {
        byte[] bytes = new byte[words.Length * sizeof(uint)];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * sizeof(uint)), words[i]);
        }

        return bytes;
    }
}
