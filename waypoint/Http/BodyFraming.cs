namespace Ambient.Waypoint.Http;

/// <summary>How the end of a message's body is found (RFC 9112 section 6). Immutable.</summary>
/// <param name="Kind">By what.</param>
/// <param name="Length">The length, where it is known.</param>
internal readonly record struct BodyFraming(BodyKind Kind, long Length)
{
    /// <summary>No body.</summary>
    public static BodyFraming None { get; } = new(BodyKind.None, 0);

    /// <summary>Whether there will be no byte of a body.</summary>
    public bool IsEmpty => Kind == BodyKind.None || this is { Kind: BodyKind.Length, Length: 0 };
}
