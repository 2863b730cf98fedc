using Ambient.Cni.Agent.Discovery;

namespace Ambient.Cni.Agent.Tests.Discovery;

public sealed class CgroupTextTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Other = "ffff456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Uid = "2c48913c-b29f-11e7-9350-020968147796";

    [Theory]
    [InlineData("0::/", null, null)]
    [InlineData("0::/user.slice", null, null)]
    [InlineData("5:cpu:/kubepods/pod" + Uid + "/" + Id, Uid, Id)]
    [InlineData("0::/kubepods/burstable/pod2c48913c_b29f_11e7_9350_020968147796/" + Id, Uid, Id)]
    [InlineData("0::/kubepods.slice/kubepods-pod2c48913c_b29f_11e7_9350_020968147796.slice/cri-containerd-" + Id + ".scope", Uid, Id)]
    [InlineData("0::/kubepods.slice/kubepods-burstable-pod70a2d08f8ad8cd5dfc51ad71fefd1e78.slice/cri-containerd-" + Id + ".scope", "70a2d08f8ad8cd5dfc51ad71fefd1e78", Id)]
    [InlineData("0::/kubepods/pod70a2d08f8ad8cd5dfc51ad71fefd1e780/" + Id, null, Id)]
    [InlineData("0::/../crio-" + Id + ".scope", null, Id)]
    [InlineData("0::/kubepods/pod" + Uid + "/short", null, null)]
    [InlineData("garbage\n:\n::", null, null)]
    [Trait("behaviour", "CNI-156")]
    [Trait("behaviour", "CNI-157")]
    [Trait("behaviour", "CNI-158")]
    [Trait("behaviour", "CNI-159")]
    public void PathsOfAllKinds_AreRead(string text, string? uid, string? container)
    {
        Assert.True(CgroupText.TryRead(text, out string? podUid, out string? containerId, out _));
        Assert.Equal((uid, container), (podUid, containerId));
    }

    [Fact]
    public void LinesThatContradictEachOther_BelongToNobody()
    {
        Assert.False(CgroupText.TryRead($"1:a:/pod{Uid}/{Id}\n2:b:/pod{Uid}/{Other}", out _, out _, out string? error));
        Assert.Equal($"multiple container IDs found in cgroups ({Id}, {Other})", error);
        string uid2 = Uid.Replace('2', '3');
        Assert.False(CgroupText.TryRead($"1:a:/pod{Uid}/{Id}\n2:b:/pod{uid2}/{Id}", out _, out _, out error));
        Assert.Equal($"multiple pod UIDs found in cgroups ({Uid}, {uid2})", error);
    }

    [Fact]
    public void RandomText_NeverThrows()
    {
        const string alphabet = ":/-_.pod0123456789abcdef\n scope";
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            string text = new([.. Enumerable.Range(0, random.Next(200)).Select(_ => alphabet[random.Next(alphabet.Length)])]);
            CgroupText.TryRead(text, out _, out _, out _);
            ProcStat.TryReadStart(text, out _);
            Assert.NotNull(InterfaceAddresses.ParseFibTrie(text).ToArray());
            Assert.NotNull(InterfaceAddresses.ParseInet6(text).ToArray());
        }
    }

    [Fact]
    public void StartTime_IsField22_WhateverTheCommandIsCalled()
    {
        Assert.True(ProcStat.TryReadStart("12 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21", out long start));
        Assert.Equal(4711, start);
        Assert.False(ProcStat.TryReadStart("12 (a", out _));
        Assert.False(ProcStat.TryReadStart("12 (a) S 1 2", out _));
    }

    [Fact]
    public void LocalAddresses_AreRead_LoopbackIsNot()
    {
        const string trie = """
            Main:
              +-- 0.0.0.0/0 3 0 5
                 |-- 0.0.0.0
                    /0 universe UNICAST
                 +-- 10.9.1.0/24 2 0 2
                    |-- 10.9.1.0
                       /24 link UNICAST
                    |-- 10.9.1.2
                       /32 host LOCAL
                    |-- 10.9.1.255
                       /32 link BROADCAST
                 |-- 127.0.0.1
                    /32 host LOCAL
            """;
        Assert.Equal(["10.9.1.2"], InterfaceAddresses.ParseFibTrie(trie).Select(a => a.ToString()));
        const string inet6 = "00000000000000000000000000000001 01 80 10 80       lo\nfe800000000000000000000000000001 02 40 20 80     eth0\nfd090009000100000000000000000010 02 40 00 80     eth0\n";
        Assert.Equal(["fd09:9:1::10"], InterfaceAddresses.ParseInet6(inet6).Select(a => a.ToString()));
    }
}
