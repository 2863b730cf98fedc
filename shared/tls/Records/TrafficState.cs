using System.Security.Cryptography;

namespace Ambient.Tls.Records;

/// <summary>
/// All that another process needs to go on with a live connection. Holds secrets: dispose it as soon as it is sent; never log it.
/// Not thread-safe.
/// </summary>
public sealed class TrafficState : IDisposable
{
    /// <summary>The cipher suite.</summary>
    public required CipherSuite CipherSuite { get; init; }

    /// <summary>Whether this end was the TLS client.</summary>
    public required bool IsClient { get; init; }

    /// <summary>The traffic secret that protects what we send.</summary>
    public required byte[] WriteSecret { get; init; }

    /// <summary>The traffic secret that opens what the peer sends.</summary>
    public required byte[] ReadSecret { get; init; }

    /// <summary>Records sealed with the present write key.</summary>
    public ulong WriteSequence { get; init; }

    /// <summary>Records opened with the present read key.</summary>
    public ulong ReadSequence { get; init; }

    /// <summary>Whether a KeyUpdate of ours is due.</summary>
    public bool KeyUpdateDue { get; init; }

    /// <summary>Whether the peer has sent close_notify.</summary>
    public bool PeerClosed { get; init; }

    /// <summary>Whether we have sent close_notify.</summary>
    public bool LocalClosed { get; init; }

    /// <summary>The begun header of a handshake message that spans records.</summary>
    public uint MessageHeader { get; init; }

    /// <summary>How many bytes of that header are here, 0 to 4.</summary>
    public byte MessageHeaderBytes { get; init; }

    /// <summary>How many bytes of that message are still to come.</summary>
    public int MessageRemaining { get; init; }

    /// <summary>Wipes the secrets.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(WriteSecret);
        CryptographicOperations.ZeroMemory(ReadSecret);
    }
}
