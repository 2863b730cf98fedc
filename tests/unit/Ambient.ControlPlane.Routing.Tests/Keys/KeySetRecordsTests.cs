using System.Security.Cryptography;
using System.Text.Json;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;

namespace Ambient.ControlPlane.Routing.Tests.Keys;

public sealed class KeySetRecordsTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(50);

    [Fact]
    public void WhatIsWritten_IsRead_AndHoldsNothingPrivate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ECParameters parameters = key.ExportParameters(includePrivateParameters: true);
        string secret = Encode(parameters.D!);
        string keys = $$"""{"keys":[{"kty":"EC","kid":"a","crv":"P-256","x":"{{Encode(parameters.Q.X!)}}","y":"{{Encode(parameters.Q.Y!)}}","d":"{{secret}}"},{"kty":"oct","k":"c2VjcmV0LXNlY3JldA"}],"more":1}""";
        var source = new KeySource("me", "https://keys/é\n", TimeSpan.FromSeconds(3));

        string text = KeySetRecords.Write([new RememberedKeySet(source, keys, Now), new RememberedKeySet(source with { Issuer = "symmetric" }, """{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}""", Now)]);

        Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", text, StringComparison.Ordinal);
        RememberedKeySet read = Assert.Single(KeySetRecords.Read(text));
        Assert.Equal((source, Now), (read.Source, read.Fetched));
        using JsonDocument json = JsonDocument.Parse(read.Keys);
        Assert.Equal(Encode(parameters.Q.X!), json.RootElement.GetProperty("keys")[0].GetProperty("x").GetString());
    }

    [Fact]
    public void TheText_IsBounded_AndTheNewestHaveRoom()
    {
        string keys = $$"""{"keys":[{{Key("k")}}],"padding":""}""";
        string large = "{\"keys\":[" + string.Join(',', Enumerable.Range(0, 200).Select(static i => Key("k" + i))) + "]}";
        RememberedKeySet[] sets = [.. Enumerable.Range(0, 400).Select(i => new RememberedKeySet(new KeySource("i" + i, "https://k", TimeSpan.FromSeconds(1)), i % 2 == 0 ? large : keys, Now.AddSeconds(i)))];

        string text = KeySetRecords.Write(sets);

        Assert.InRange(text.Length, KeySetRecords.MaxLength / 2, KeySetRecords.MaxLength);
        Assert.Equal("i399", KeySetRecords.Read(text)[0].Source.Issuer);
    }

    [Fact]
    public void DamagedText_GivesWhatIsWhole_AndNeverThrows()
    {
        string good = KeySetRecords.Write([new RememberedKeySet(new KeySource("me", "", TimeSpan.FromSeconds(5)), $$"""{"keys":[{{Key("k")}}]}""", Now)]);
        Assert.Single(KeySetRecords.Read("{\n" + good + "null\n[]\n{\"issuer\":3}\n"));
        Assert.Empty(KeySetRecords.Read(null));
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int i = 0; i < 2000; i++)
        {
            char[] damaged = good.ToCharArray();
            for (int hits = random.Next(1, 6); hits > 0; hits--)
            {
                damaged[random.Next(damaged.Length)] = (char)random.Next(1, 300);
            }

            Assert.True(Record.Exception(() => KeySetRecords.Read(new string(damaged))) is null, $"seed {seed}, round {i}: {new string(damaged)}");
        }
    }

    private static string Key(string id)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        return $$"""{"kty":"EC","kid":"{{id}}","crv":"P-256","x":"{{Encode(parameters.Q.X!)}}","y":"{{Encode(parameters.Q.Y!)}}"}""";
    }

    private static string Encode(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
