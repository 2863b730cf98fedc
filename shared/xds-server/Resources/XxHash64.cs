using System.Buffers.Binary;
using System.Numerics;

namespace Ambient.Xds.Server.Resources;

/// <summary>The 64-bit xxHash with seed 0: what versions are made of, equal in every replica and after every restart. Stateless.</summary>
internal static class XxHash64
{
    private const ulong P1 = 11400714785074694791;
    private const ulong P2 = 14029467366897019727;
    private const ulong P3 = 1609587929392839161;
    private const ulong P4 = 9650029242287828579;
    private const ulong P5 = 2870177450012600261;
    private const int Stripe = 32;

    internal static ulong Of(ReadOnlySpan<byte> data)
    {
        ulong hash = data.Length >= Stripe ? Stripes(ref data, out int total) : Start(data.Length, out total);
        hash += (ulong)total;
        while (data.Length >= 8)
        {
            hash = (BitOperations.RotateLeft(hash ^ Round(0, BinaryPrimitives.ReadUInt64LittleEndian(data)), 27) * P1) + P4;
            data = data[8..];
        }

        if (data.Length >= 4)
        {
            hash = (BitOperations.RotateLeft(hash ^ (BinaryPrimitives.ReadUInt32LittleEndian(data) * P1), 23) * P2) + P3;
            data = data[4..];
        }

        foreach (byte value in data)
        {
            hash = BitOperations.RotateLeft(hash ^ (value * P5), 11) * P1;
        }

        hash = (hash ^ (hash >> 33)) * P2;
        hash = (hash ^ (hash >> 29)) * P3;
        return hash ^ (hash >> 32);
    }

    private static ulong Start(int length, out int total)
    {
        total = length;
        return P5;
    }

    private static ulong Stripes(ref ReadOnlySpan<byte> data, out int total)
    {
        total = data.Length;
        ulong a = unchecked(P1 + P2);
        ulong b = P2;
        ulong c = 0;
        ulong d = unchecked(0 - P1);
        while (data.Length >= Stripe)
        {
            a = Round(a, BinaryPrimitives.ReadUInt64LittleEndian(data));
            b = Round(b, BinaryPrimitives.ReadUInt64LittleEndian(data[8..]));
            c = Round(c, BinaryPrimitives.ReadUInt64LittleEndian(data[16..]));
            d = Round(d, BinaryPrimitives.ReadUInt64LittleEndian(data[24..]));
            data = data[Stripe..];
        }

        ulong hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
        foreach (ulong lane in (ReadOnlySpan<ulong>)[a, b, c, d])
        {
            hash = ((hash ^ Round(0, lane)) * P1) + P4;
        }

        return hash;
    }

    private static ulong Round(ulong lane, ulong value) => BitOperations.RotateLeft(lane + (value * P2), 31) * P1;
}
