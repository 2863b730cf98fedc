using System.Security.Cryptography;

namespace Ambient.Cni.Redirection.Rules;

/// <summary>
/// Packet marks that only agent and ztunnel know, one for each pod: a program that may set marks (CAP_NET_RAW is enough) cannot pass for the proxy.
/// Thread-safe.
/// </summary>
public static class SecretMarks
{
    /// <summary>Bits that count. Not all of them, so that tools print the mark with its mask.</summary>
    public const uint Mask = 0x7fff_ffff;

    /// <summary>Set in every secret mark and in the well-known one, and in none of the other marks of a pod.</summary>
    private const uint Bit = 0x8;

    /// <summary>How routing knows a secret mark.</summary>
    public static MaskedMark Route { get; } = new(Bit, Bit);

    /// <summary>A new one.</summary>
    public static uint Next()
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        RandomNumberGenerator.Fill(bytes);
        return (BitConverter.ToUInt32(bytes) & Mask) | Bit;
    }

    /// <summary>Whether a number could have been made here.</summary>
    public static bool IsSecret(uint mark) => (mark & Bit) != 0 && (mark & ~Mask) == 0;
}
