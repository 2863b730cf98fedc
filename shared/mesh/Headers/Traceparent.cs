using System.Buffers.Binary;
using System.Globalization;

namespace Ambient.Mesh.Headers;

/// <summary>The <c>traceparent</c> header as the mesh uses it (ztunnel.md 2.6): an id for a connection. Immutable.</summary>
public sealed record Traceparent
{
    private const int Length = 55;

    private Traceparent(string text) => Text = text;

    /// <summary>The header's value.</summary>
    public string Text { get; }

    /// <summary>The 32 hex digits that name the connection in logs.</summary>
    public ReadOnlySpan<char> TraceId => Text.AsSpan(3, 32);

    /// <summary>A fresh one: version 00, random ids, no flags.</summary>
    public static Traceparent Create(Random random) =>
        new(string.Create(CultureInfo.InvariantCulture, $"00-{Word(random):x16}{Word(random):x16}-{Word(random):x16}-00"));

    /// <summary>The received one if it is well formed (55 characters, all four parts hex), else a fresh one.</summary>
    public static Traceparent ParseOrCreate(string? received, Random random) =>
        received is not null && IsWellFormed(received) ? new Traceparent(received) : Create(random);

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static bool IsWellFormed(string text)
    {
        if (text.Length != Length)
        {
            return false;
        }

        for (int i = 0; i < Length; i++)
        {
            if (i is 2 or 35 or 52 ? text[i] != '-' : !char.IsAsciiHexDigit(text[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static ulong Word(Random random)
    {
        Span<byte> bytes = stackalloc byte[8];
        random.NextBytes(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }
}
