using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http;

/// <summary>
/// What shows in HTTP/1.1 that an endpoint has understood WebSocket (RFC 6455 section 4.2.2). HTTP/2 does without (RFC 8441 section 5), so whoever stands between the two
/// versions asks and answers for the other side. Stateless.
/// </summary>
internal static class WebSocketKey
{
    /// <summary>The field of requests.</summary>
    public const string Request = "sec-websocket-key";

    /// <summary>The field of answers.</summary>
    public const string Answer = "sec-websocket-accept";

    private const string Suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>A new key.</summary>
    public static string Make() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));

    /// <summary>The answer to a key.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "RFC 6455 asks for it, and nothing is secured by it")]
    public static string Accept(ReadOnlySpan<char> key) => Convert.ToBase64String(SHA1.HashData(Encoding.Latin1.GetBytes(string.Concat(key, Suffix))));

    /// <summary>Whether an answer belongs to a key.</summary>
    public static bool IsAnswered(FieldList answer, string key) => answer.TryGet(Answer, out ReadOnlySpan<char> accept) && accept.SequenceEqual(Accept(key));
}
