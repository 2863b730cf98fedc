using System.Runtime.CompilerServices;

namespace Ambient.Mesh.Indexes;

/// <summary>
/// A hash of text that is the same for a whole and for its parts one after the other. Seeded per process, so that a
/// tenant who chooses names can't aim for collisions.
/// </summary>
internal static class TextHash
{
    private static readonly ulong Seed = (ulong)Random.Shared.NextInt64() | 1;

    internal static uint Of(ReadOnlySpan<char> text) => Finish(Add(Seed, text));

    internal static uint Of(ReadOnlySpan<char> head, ReadOnlySpan<char> tail) => Finish(Add(Add(Seed, head), tail));

    internal static uint Of(ReadOnlySpan<char> head, ReadOnlySpan<char> middle, ReadOnlySpan<char> tail) => Finish(Add(Add(Add(Seed, head), middle), tail));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Add(ulong state, ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            state = (state ^ c) * 0x9E37_79B9_7F4A_7C15;
            state ^= state >> 32;
        }

        return state;
    }

    private static uint Finish(ulong state)
    {
        state = (state ^ (state >> 29)) * 0xBF58_476D_1CE4_E5B9;
        return (uint)(state >> 32) ^ (uint)state;
    }
}
