using Ambient.Dns.Resolving;
using Ambient.Waypoint.Names;

namespace Ambient.Waypoint.Tests.Names;

public sealed class NameTableTests
{
    [Fact]
    public void AName_IsAskedForOnce_AndAgainWhenItsTimeIsOver()
    {
        using FakeNames names = new();
        ResolvedName db = names.Table.Get("DB.example");
        Assert.Same(db, names.Table.Get("db.example"));
        Assert.Null(db.Answer);
        names.Answer(30, "192.0.2.1", "192.0.2.2");
        Assert.Equal(["192.0.2.1", "192.0.2.2"], Addresses(db));
        names.Pass(29);
        Assert.False(names.IsAsked);
        names.Pass(1);
        names.Answer(30, "192.0.2.3");
        Assert.Equal(["192.0.2.3"], Addresses(db));
        Assert.Equal(["db.example", "db.example"], names.Asked);
    }

    [Theory]
    [InlineData(0, 60)]
    [InlineData(1, 1)]
    [InlineData(59, 59)]
    [InlineData(86_400, 300)]
    public void TimesToLive_HaveAFloorAndACeiling_AndWhoHasNone_HasTheMeshes(int seconds, int delay)
    {
        using FakeNames names = new();
        names.Table.Get("db.example");
        names.Answer(seconds, "192.0.2.1");
        names.Pass(delay - 0.5);
        Assert.False(names.IsAsked);
        names.Pass(0.5);
        Assert.True(names.IsAsked);
    }

    [Fact]
    public void WhenNobodyCanBeAsked_TheLastAnswerCounts_AndItIsSaidOnce()
    {
        using FakeNames names = new();
        ResolvedName db = names.Table.Get("db.example");
        names.Answer(1, "192.0.2.1");
        for (int i = 0; i < 12; i++)
        {
            names.Pass(60);
            names.Answer(AddressAnswer.Failed("no nameserver answered"));
            Assert.Equal(["192.0.2.1"], Addresses(db));
        }

        Assert.Contains("stay in use", Assert.Single(names.Said), StringComparison.Ordinal);
        names.Pass(60);
        names.Answer(1, "192.0.2.9");
        Assert.Equal(["192.0.2.9"], Addresses(db));
        Assert.Contains("again", names.Said[1], StringComparison.Ordinal);
    }

    [Fact]
    public void FailuresAreFollowedMoreAndMoreSeldom_ButNotMoreSeldomThanTheMeshSays()
    {
        using FakeNames names = new();
        names.Table.RefreshMilliseconds = 5_000;
        names.Table.Get("db.example");
        foreach (int delay in new[] { 1, 2, 4, 5, 5 })
        {
            names.Answer(AddressAnswer.Failed("no"));
            names.Pass(delay - 0.5);
            Assert.False(names.IsAsked);
            names.Pass(0.5);
            Assert.True(names.IsAsked);
        }
    }

    [Fact]
    public void WhoKnowsThatThereIsNothing_IsBelieved()
    {
        using FakeNames names = new();
        ResolvedName db = names.Table.Get("db.example");
        names.Answer(1, "192.0.2.1");
        names.Pass(1);
        names.Answer(AddressAnswer.None);
        Assert.Empty(db.Answer!.Addresses);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.9.9.9")]
    [InlineData("0.0.0.0")]
    [InlineData("169.254.169.254")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::127.0.0.1")]
    [InlineData("64:ff9b::127.0.0.1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("fe80::1")]
    [InlineData("ff02::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("100.100.100.200")]
    [InlineData("::ffff:100.100.100.200")]
    [InlineData("64:ff9b::100.100.100.200")]
    [InlineData("2002:6464:64c8::1")]
    [InlineData("168.63.129.16")]
    [InlineData("::ffff:168.63.129.16")]
    [InlineData("64:ff9b::168.63.129.16")]
    [InlineData("2002:a83f:8110::1")]
    public void AddressesThatLeadToOurselves_AreNoAnswers(string address)
    {
        using FakeNames names = new();
        ResolvedName db = names.Table.Get("db.example");
        names.Answer(1, address, "192.0.2.1");
        Assert.Equal(["192.0.2.1"], Addresses(db));
        names.Pass(1);

        // And no reason to go on with those that are not said any more.
        names.Answer(1, address);
        Assert.Empty(db.Answer!.Addresses);
        Assert.Contains("itself", db.Answer.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("192.168.0.1")]
    [InlineData("2001:db8::1")]
    [InlineData("fd00::1")]
    [InlineData("fd00:ec2::253")]
    [InlineData("64:ff9b::192.0.2.1")]
    [InlineData("100.100.100.201")]
    [InlineData("168.63.129.15")]
    public void OtherAddresses_Are(string address)
    {
        using FakeNames names = new();
        ResolvedName db = names.Table.Get("db.example");
        names.Answer(1, address);
        Assert.Single(db.Answer!.Addresses);
    }

    [Fact]
    public void WhoWaits_IsToldOfTheFirstAnswer_AlsoOfABadOne()
    {
        using FakeNames names = new();
        ResolvedName db = names.Table.Get("db.example");
        int told = 0;
        Assert.True(db.TryAwait(names.Loop, _ => told++, null));
        Assert.True(db.TryAwait(names.Loop, _ => told++, null));
        names.Answer(AddressAnswer.Failed("no"));
        names.Loop.RunOnce(0);
        Assert.Equal(2, told);
        Assert.False(db.TryAwait(names.Loop, _ => told++, null));
    }

    [Fact]
    public void WhatNobodyUses_IsForgotten_AndIsAskedForAnewWhenItIsNeeded()
    {
        using FakeNames names = new();
        ResolvedName old = names.Table.Get("old.example");
        names.Answer(1, "192.0.2.1");
        ResolvedName used = names.Table.Get("used.example");
        names.Answer(1, "192.0.2.2");
        for (int i = 0; i <= NameTable.KeptEpochs; i++)
        {
            used.Touch();
            names.Table.Sweep();
        }

        Assert.True(old.IsDropped);
        Assert.Equal([used], names.Table.All);
        names.Pass(2);
        Assert.Equal(1, names.Asked.Count(static name => name == "old.example"));
        Assert.NotSame(old, names.Table.Get("old.example"));
        names.Loop.RunOnce(0);
        Assert.Equal(2, names.Asked.Count(static name => name == "old.example"));
    }

    [Fact]
    public void TheSameAddressesInAnotherOrder_AreTheSame()
    {
        using FakeNames names = new();
        ResolvedName db = names.Table.Get("db.example");
        names.Answer(1, "192.0.2.1", "192.0.2.2");
        NameAnswer first = db.Answer!;
        names.Pass(1);
        names.Answer(1, "192.0.2.2", "192.0.2.1", "192.0.2.2");
        Assert.Same(first.Addresses, db.Answer!.Addresses);
        Assert.Equal("192.0.2.2", db.Answer.InOrder[0].ToString());
        names.Pass(1);
        names.Answer(1, "192.0.2.2", "192.0.2.1");
        NameAnswer second = db.Answer;
        names.Pass(1);
        names.Answer(1, "192.0.2.2", "192.0.2.1");
        Assert.Same(second, db.Answer);
    }

    [Fact]
    public void OneFamilyThatCannotBeAskedFor_KeepsItsLastAddresses()
    {
        using FakeNames names = new();
        ResolvedName db = names.Table.Get("db.example");
        names.Answer(30, "192.0.2.1", "2001:db8::1");
        names.Pass(30);
        names.AnswerInPart(30, AddressFamilies.IPv4, "2001:db8::2");
        Assert.Equal(["192.0.2.1", "2001:db8::2"], Addresses(db).Order(StringComparer.Ordinal));
        Assert.Contains("IPv4 addresses", Assert.Single(names.Said), StringComparison.Ordinal);

        // It is asked for again soon; and what is not said any more once somebody could be asked is gone.
        names.Pass(1);
        names.AnswerInPart(30, AddressFamilies.IPv4, "2001:db8::2");
        Assert.Contains("192.0.2.1", Addresses(db));
        Assert.Single(names.Said);
        names.Pass(2);
        names.Answer(30, "2001:db8::2");
        Assert.Equal(["2001:db8::2"], Addresses(db));
        names.Pass(29);
        Assert.False(names.IsAsked);
    }

    [Fact]
    public void APartOfAnAnswer_IsAskedForAgain_NoLaterThanItsTimeIsOver()
    {
        using FakeNames names = new();
        names.Table.Get("db.example");
        for (int i = 0; i < 8; i++)
        {
            names.AnswerInPart(2, AddressFamilies.IPv6, "192.0.2.1");
            names.Pass(2);
            Assert.True(names.IsAsked);
        }
    }

    [Fact]
    public void LookupsAreBounded_AndNamesOfClientsKeepNoConfiguredOneWaiting()
    {
        using FakeNames names = new();
        for (int i = 0; i < NameTable.MaxLookups; i++)
        {
            names.Table.Get($"chosen{i}.example.", isOnDemand: true);
        }

        Assert.True(names.IsAsked);
        Assert.Equal(NameTable.MaxChosenLookups, names.Asked.Count);
        for (int i = 0; i < NameTable.MaxLookups; i++)
        {
            names.Table.Get($"configured{i}.example");
        }

        Assert.True(names.IsAsked);
        Assert.Equal(NameTable.MaxLookups, names.Asked.Count);
        names.AnswerFor("chosen0.example.", 60, "192.0.2.1");
        Assert.Equal((NameTable.MaxLookups + 1, $"configured{NameTable.MaxLookups - NameTable.MaxChosenLookups}.example"), (names.Asked.Count, names.Asked[^1]));

        // Whoever waits for a name does so for ten seconds at most; a name that nobody wants any more loses its turn.
        ResolvedName last = names.Table.Get($"chosen{NameTable.MaxLookups - 1}.example."), dropped = names.Table.Get($"chosen{NameTable.MaxLookups - 2}.example.");
        names.Table.Drop(dropped);
        names.Pass(11);
        Assert.Contains("too many names", last.Answer!.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(dropped.Name, names.Asked);

        // They get their turn later.
        while (names.Asked.Count < (2 * NameTable.MaxLookups) - 1)
        {
            if (names.IsAsked)
            {
                names.Answer(60, "192.0.2.1");
            }
            else
            {
                names.Pass(1);
            }
        }

        Assert.Equal((2 * NameTable.MaxLookups) - 1, names.Asked.Distinct().Count());
    }

    [Fact]
    public void ASourceThatAnswersAtOnce_IsAskedForAnyNumberOfNames()
    {
        using FakeNames names = new() { AnswersAtOnce = AddressAnswer.Failed("there is no resolv.conf") };
        ResolvedName[] all = [.. Enumerable.Range(0, 20_000).Select(i => names.Table.Get($"n{i}.example"))];
        names.Loop.RunOnce(0);
        Assert.All(all, static name => Assert.NotNull(name.Answer));
    }

    [Fact]
    public void ASourceThatThrows_HasAnswered_AndTakesNobodysTurn()
    {
        using FakeNames names = new() { IsBroken = true };
        ResolvedName[] all = [.. Enumerable.Range(0, 2 * NameTable.MaxLookups).Select(i => names.Table.Get($"n{i}.example"))];
        names.Loop.RunOnce(0);
        Assert.All(all, static name => Assert.Contains("a defect", name.Answer?.Reason, StringComparison.Ordinal));

        names.IsBroken = false;
        ResolvedName good = names.Table.Get("good.example");
        names.AnswerFor("good.example", 60, "192.0.2.1");
        Assert.Equal(["192.0.2.1"], Addresses(good));

        // The others are asked for again, like all that have no answer.
        names.Pass(1);
        Assert.True(names.IsAsked);
    }

    private static string[] Addresses(ResolvedName name) => [.. name.Answer!.Addresses.Select(static address => address.ToString())];
}
