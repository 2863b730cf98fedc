namespace Ambient.Tls.Verification;

/// <summary>One DER element: where it begins in the whole, and its content.</summary>
internal readonly ref struct DerElement(int start, int contentStart, int contentLength, ReadOnlySpan<byte> content)
{
    internal ReadOnlySpan<byte> Content { get; } = content;

    /// <summary>The element's place in the whole, header included.</summary>
    internal Range Place => start..(contentStart + contentLength);

    internal Range ContentPlace => contentStart..(contentStart + contentLength);

    internal DerReader Inside() => new(Content, contentStart);
}
