using System.Text;

namespace Ambient.Telemetry.Http;

/// <summary>What a handler answers. Immutable.</summary>
/// <param name="Status">HTTP status code.</param>
/// <param name="ContentType">Media type of the body; null for none.</param>
/// <param name="Body">The body, not compressed.</param>
public sealed record HttpAnswer(int Status, string? ContentType, ReadOnlyMemory<byte> Body)
{
    /// <summary>Whether the server may compress the body as the client asks.</summary>
    public bool MayCompress { get; init; }

    /// <summary>An answer of plain text.</summary>
    public static HttpAnswer Text(int status, string text) => new(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));

    /// <summary>An answer without body.</summary>
    public static HttpAnswer Empty(int status) => new(status, null, default);
}
