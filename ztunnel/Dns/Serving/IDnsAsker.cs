namespace Ambient.Ztunnel.Dns.Serving;

/// <summary>Somebody who gets exactly one answer. Loop-affine.</summary>
internal interface IDnsAsker
{
    /// <summary>Whether the answer goes out as a datagram.</summary>
    bool IsUdp { get; }

    /// <summary>Sends the answer; the bytes are the caller's again afterwards. An empty one means that there will be none.</summary>
    void Reply(ReadOnlySpan<byte> message);
}
