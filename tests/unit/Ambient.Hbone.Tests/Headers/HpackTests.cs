using Ambient.Hbone.Headers;

namespace Ambient.Hbone.Tests.Headers;

/// <summary>RFC 7541 appendix C, and hostile blocks.</summary>
public sealed class HpackTests
{
    [Theory]
    [InlineData("828684410f7777772e6578616d706c652e636f6d", ":method=GET|:scheme=http|:path=/|:authority=www.example.com")]
    [InlineData("828684418cf1e3c2e5f23a6ba0ab90f4ff", ":method=GET|:scheme=http|:path=/|:authority=www.example.com")]
    [InlineData("400a637573746f6d2d6b65790d637573746f6d2d686561646572", "custom-key=custom-header")]
    [InlineData("040c2f73616d706c652f70617468", ":path=/sample/path")]
    [InlineData("100870617373776f726406736563726574", "password=secret")]
    public void Block_OfAppendixC_IsDecoded(string hex, string expected)
    {
        Assert.Equal(expected, Decode(new HpackDecoder(65536), hex));
    }

    [Fact]
    public void Requests_OfC4_ShareOneTable()
    {
        HpackDecoder decoder = new(65536);
        Assert.Equal(":method=GET|:scheme=http|:path=/|:authority=www.example.com", Decode(decoder, "828684418cf1e3c2e5f23a6ba0ab90f4ff"));
        Assert.Equal(":method=GET|:scheme=http|:path=/|:authority=www.example.com|cache-control=no-cache", Decode(decoder, "828684be5886a8eb10649cbf"));
        Assert.Equal(":method=GET|:scheme=https|:path=/index.html|:authority=www.example.com|custom-key=custom-value", Decode(decoder, "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"));
    }

    [Fact]
    public void Responses_OfC6_AreDecoded()
    {
        HpackDecoder decoder = new(65536);
        Assert.Equal(
            ":status=302|cache-control=private|date=Mon, 21 Oct 2013 20:13:21 GMT|location=https://www.example.com",
            Decode(decoder, "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3"));
        Assert.Equal(
            ":status=307|cache-control=private|date=Mon, 21 Oct 2013 20:13:21 GMT|location=https://www.example.com",
            Decode(decoder, "4883640effc1c0bf"));
    }

    [Theory]
    [InlineData("80")]
    [InlineData("c0")]
    [InlineData("3fe21f")]
    [InlineData("0085f1e3c2e5")]
    [InlineData("00ffffffffff7f")]
    [InlineData("0081ff8101")]
    public void Block_ThatIsBroken_IsRefused(string hex)
    {
        Assert.False(new HpackDecoder(65536).TryDecode(Convert.FromHexString(hex), new Fields(), out _));
    }

    [Fact]
    public void Table_AfterAcknowledgedZero_TakesNothing()
    {
        HpackDecoder decoder = new(65536);
        decoder.OnTableSizeAcknowledged();
        Assert.Equal("custom-key=custom-header", Decode(decoder, "400a637573746f6d2d6b65790d637573746f6d2d686561646572"));
        Assert.False(decoder.TryDecode(Convert.FromHexString("be"), new Fields(), out _));
    }

    [Fact]
    public void Bomb_IsCountedAndNotPassedOn()
    {
        byte[] block = new byte[60_000];
        Array.Fill(block, (byte)0x82);
        Fields fields = new();
        Assert.True(new HpackDecoder(16384).TryDecode(block, fields, out bool tooLarge));
        Assert.True(tooLarge);
        Assert.True(fields.Count < 500);
    }

    [Fact]
    public void RandomAndMutatedBlocks_NeverThrow()
    {
        const int Seed = 7541;
        Random random = new(Seed);
        byte[] valid = Convert.FromHexString("488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3");
        for (int i = 0; i < 50_000; i++)
        {
            byte[] block = (i & 1) == 0 ? new byte[random.Next(64)] : (byte[])valid.Clone();
            if ((i & 1) == 0)
            {
                random.NextBytes(block);
            }
            else
            {
                block[random.Next(block.Length)] = (byte)random.Next(256);
            }

            new HpackDecoder(4096).TryDecode(block, new Fields(), out _);
        }
    }

    [Fact]
    public void Request_WrittenAndRead_IsTheSame()
    {
        ConnectRequest request = new() { Authority = "[fd00::1]:8080", Baggage = new string('b', 300), Forwarded = "for=\"1.2.3.4:5\"", Traceparent = "00-aa-bb-00", ForwardedNetwork = "", Source = "waypoint" };
        HeaderWriter writer = new(new byte[HeaderWriter.Bound(request)]);
        writer.Request(request);
        HeaderCollector collector = new();
        Assert.True(new HpackDecoder(65536).TryDecode(writer.Written, collector, out _));
        ConnectRequest read = collector.Request()!;
        Assert.True(collector.IsConnect);
        Assert.Equal((request.Authority, request.Baggage, request.Forwarded, request.Traceparent, request.ForwardedNetwork, request.Source), (read.Authority, read.Baggage, read.Forwarded, read.Traceparent, read.ForwardedNetwork, read.Source));
    }

    private static string Decode(HpackDecoder decoder, string hex)
    {
        Fields fields = new();
        Assert.True(decoder.TryDecode(Convert.FromHexString(hex), fields, out bool tooLarge));
        Assert.False(tooLarge);
        return fields.ToString();
    }

    private sealed class Fields : IHeaderSink
    {
        private readonly List<string> _fields = [];

        public int Count => _fields.Count;

        public void OnField(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
            _fields.Add(System.Text.Encoding.Latin1.GetString(name) + "=" + System.Text.Encoding.Latin1.GetString(value));

        public override string ToString() => string.Join('|', _fields);
    }
}
