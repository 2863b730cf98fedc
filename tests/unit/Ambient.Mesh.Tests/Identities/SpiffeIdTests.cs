using System.Text;
using Ambient.Mesh.Identities;

namespace Ambient.Mesh.Tests.Identities;

public class SpiffeIdTests
{
    [Fact]
    public void Parse_OfTheText_GivesAnEqualIdentity()
    {
        SpiffeId id = new("cluster.local", "shop", "cart");
        Assert.Equal("spiffe://cluster.local/ns/shop/sa/cart", id.ToString());
        Assert.Equal("cluster.local/ns/shop/sa/cart", id.Principal);
        Assert.True(SpiffeId.TryParse(id.ToString(), out SpiffeId? back));
        Assert.Equal(id, back);
        Assert.Equal(id.GetHashCode(), back.GetHashCode());
        Assert.True(SpiffeId.TryParse(Encoding.ASCII.GetBytes(id.ToString()), out back));
        Assert.Equal(id, back);
    }

    [Theory]
    [InlineData("")]
    [InlineData("spiffe://")]
    [InlineData("SPIFFE://td/ns/a/sa/b")]
    [InlineData("spiffe://td/ns/a/sa/")]
    [InlineData("spiffe:///ns/a/sa/b")]
    [InlineData("spiffe://td/ns//sa/b")]
    [InlineData("spiffe://td/ns/a/sa/b/")]
    [InlineData("spiffe://td/ns/a/sa/b/c")]
    [InlineData("spiffe://td/sa/a/ns/b")]
    [InlineData("spiffe://td/ns/a/sa/b?x")]
    [InlineData("spiffe://td/ns/a/sa/b#x")]
    [InlineData("spiffe://td/ns/a/sa/%62")]
    [InlineData("spiffe://user@td/ns/a/sa/b")]
    [InlineData("spiffe://td/ns/../sa/b")]
    [InlineData("spiffe://td/ns/a/sa/b\0")]
    [InlineData("spiffe://td/ns/a /sa/b")]
    [InlineData("spiffe://td/ns/ä/sa/b")]
    public void Parse_WhatIsNoIdentity_IsRefused(string text)
    {
        Assert.False(SpiffeId.TryParse(text, out _));
        Assert.False(SpiffeId.TryParse(Encoding.UTF8.GetBytes(text), out _));
    }

    [Fact]
    public void Equality_IsByteExact()
    {
        SpiffeId id = new("td", "a", "b");
        Assert.NotEqual(id, new SpiffeId("TD", "a", "b"));
        Assert.NotEqual(id, new SpiffeId("td", "a", "b."));
    }

    [Fact]
    public void Parse_OfRandomBytes_NeverThrows()
    {
        const int Seed = 99;
        Random random = new(Seed);
        byte[] valid = "spiffe://cluster.local/ns/shop/sa/cart"u8.ToArray();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = [.. valid.AsSpan(0, random.Next(valid.Length + 1))];
            for (int m = 0; m < (bytes.Length == 0 ? 0 : random.Next(3)); m++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            if (SpiffeId.TryParse(bytes, out SpiffeId? id))
            {
                Assert.Equal(Encoding.ASCII.GetString(bytes), id.ToString());
            }
        }
    }

    [Fact]
    public void IdentitySet_IsEqualByContent()
    {
        SpiffeId a = new("td", "a", "b"), b = new("td", "a", "c");
        Assert.Equal(IdentitySet.Of(a, b), IdentitySet.Of(a).With(new SpiffeId("td", "a", "c")));
        Assert.Equal(IdentitySet.Of(a, b).GetHashCode(), IdentitySet.Of(a, b, a).GetHashCode());
        Assert.NotEqual(IdentitySet.Of(a), IdentitySet.Of(b));
        Assert.Same(a.Alone, IdentitySet.Empty.With(a));
        Assert.Empty(IdentitySet.Empty);
    }
}
