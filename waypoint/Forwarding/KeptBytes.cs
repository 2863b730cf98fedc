namespace Ambient.Waypoint.Forwarding;

/// <summary>Bytes of one body that are kept, within the budget of their loop. Loop-affine.</summary>
internal struct KeptBytes
{
    private const int MaxSpare = 256 * 1024;

    private byte[]? _bytes;

    /// <summary>How many.</summary>
    public int Length { get; private set; }

    /// <summary>They.</summary>
    public readonly ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    /// <summary>Adds some; false when there is no room for them, and nothing has changed.</summary>
    public bool TryAdd(ReadOnlySpan<byte> data, ByteBudget budget)
    {
        int length = Length + data.Length;
        int room = _bytes?.Length ?? 0;
        if (room < length)
        {
            int size = Math.Max(1024, length + Math.Min(length, MaxSpare));
            if (!budget.TryTake(size - room))
            {
                return false;
            }

            Array.Resize(ref _bytes, size);
        }

        data.CopyTo(_bytes.AsSpan(Length));
        Length = length;
        return true;
    }

    /// <summary>Lets go of all of them.</summary>
    public void Free(ByteBudget budget)
    {
        budget.Give(_bytes?.Length ?? 0);
        (_bytes, Length) = (null, 0);
    }
}
