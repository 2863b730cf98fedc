using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>Half of a SHA-256: short enough to keep one per workload, long enough never to collide.</summary>
internal static class LocalDigest
{
    internal static UInt128 Of(string text)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), digest);
        return BinaryPrimitives.ReadUInt128BigEndian(digest);
    }
}
