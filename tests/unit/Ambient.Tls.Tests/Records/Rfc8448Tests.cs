using Ambient.Tls.Records;

namespace Ambient.Tls.Tests.Records;

/// <summary>RFC 8448 section 3, "Simple 1-RTT Handshake": the traffic keys, and every record behind the handshake.</summary>
public sealed class Rfc8448Tests
{
    private const string ClientSecret = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
    private const string ServerSecret = "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";
    private const string Payload = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031";
    private const string ClientData =
        "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";
    private const string ServerData =
        "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d";
    private const string ClientAlert = "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";
    private const string ServerAlert = "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";

    [Theory]
    [InlineData(ClientSecret, "key", "17422dda596ed5d9acd890e3c63f5051")]
    [InlineData(ClientSecret, "iv", "5b78923dee08579033e523d9")]
    [InlineData(ServerSecret, "key", "9f02283b6c9c07efc26bb9f2ac92e356")]
    [InlineData(ServerSecret, "iv", "cf782b88dd83549aadf1e984")]
    public void ExpandLabel_OfTheTrafficSecrets_GivesTheKeys(string secret, string label, string expected)
    {
        byte[] output = new byte[expected.Length / 2];
        KeySchedule.ExpandLabel(CipherSuite.Aes128Gcm, Convert.FromHexString(secret), System.Text.Encoding.ASCII.GetBytes(label), output);
        Assert.Equal(expected, Convert.ToHexStringLower(output));
    }

    [Fact]
    public void Client_ProtectsItsRecordsLikeTheRfc()
    {
        using RecordLayer client = Layer(isClient: true, readSequence: 1);

        Assert.Equal(ClientData, Convert.ToHexStringLower(RecordPair.Sealed(client, Convert.FromHexString(Payload))));
        Assert.Equal(Payload, Convert.ToHexStringLower(RecordPair.Opened(client, Convert.FromHexString(ServerData))));
        Assert.Equal(ClientAlert, Convert.ToHexStringLower(RecordPair.CloseNotify(client)));
        Assert.Equal(OpenStatus.PeerClosed, RecordPair.Open(client, Convert.FromHexString(ServerAlert)).Status);
    }

    [Fact]
    public void Server_ProtectsItsRecordsLikeTheRfc()
    {
        using RecordLayer server = Layer(isClient: false, writeSequence: 1);

        Assert.Equal(Payload, Convert.ToHexStringLower(RecordPair.Opened(server, Convert.FromHexString(ClientData))));
        Assert.Equal(ServerData, Convert.ToHexStringLower(RecordPair.Sealed(server, Convert.FromHexString(Payload))));
        Assert.Equal(ServerAlert, Convert.ToHexStringLower(RecordPair.CloseNotify(server)));
        Assert.Equal(OpenStatus.PeerClosed, RecordPair.Open(server, Convert.FromHexString(ClientAlert)).Status);
    }

    private static RecordLayer Layer(bool isClient, ulong writeSequence = 0, ulong readSequence = 0) => RecordLayer.Import(new TrafficState
    {
        CipherSuite = CipherSuite.Aes128Gcm,
        IsClient = isClient,
        WriteSecret = Convert.FromHexString(isClient ? ClientSecret : ServerSecret),
        ReadSecret = Convert.FromHexString(isClient ? ServerSecret : ClientSecret),
        WriteSequence = writeSequence,
        ReadSequence = readSequence,
    });
}
