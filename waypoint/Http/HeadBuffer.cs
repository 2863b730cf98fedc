namespace Ambient.Waypoint.Http;

/// <summary>
/// The beginning of a message that came in pieces. A parser begins anew each time, so it is asked again only when there is another line: whoever sends single bytes costs a
/// read per line, not one per byte. Loop-affine.
/// </summary>
internal struct HeadBuffer
{
    private byte[]? _bytes;

    /// <summary>Bytes that are kept.</summary>
    public int Length { get; private set; }

    /// <summary>They as a whole.</summary>
    public readonly ReadOnlySpan<byte> Text => _bytes.AsSpan(0, Length);

    /// <summary>Keeps a piece; whether a parser may see more than it did before. It says itself when a head is too long.</summary>
    public bool Add(ReadOnlySpan<byte> piece)
    {
        int length = Length + piece.Length;
        if (_bytes is null || _bytes.Length < length)
        {
            Array.Resize(ref _bytes, Math.Max(1024, length * 2));
        }

        piece.CopyTo(_bytes.AsSpan(Length));
        Length = length;
        return piece.Contains((byte)'\n') || length > RequestParser.MaxHead;
    }

    /// <summary>The head was read, or given up.</summary>
    public void Clear() => (_bytes, Length) = (null, 0);
}
