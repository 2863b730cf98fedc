using System.Globalization;
using System.Text;
using Ambient.Routing.Actions;

namespace Ambient.Waypoint.Forwarding;

/// <summary>An answer of our own (waypoint reference 3.1). Immutable.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body, plain text.</param>
/// <param name="Flags">What to tell about it.</param>
/// <param name="Details">The same in words, for logs.</param>
internal sealed record LocalAnswer(int Status, string Body, ResponseFlags Flags, string Details)
{
    /// <summary>gRPC's status for a call whose own deadline has passed.</summary>
    public const int DeadlineExceeded = 4;

    private const string Prefix = "upstream connect error or disconnect/reset before headers. ";

    /// <summary>What a client is told when its endpoint failed.</summary>
    public static LocalAnswer Of(UpstreamFailure failure, string? transport, bool isRetried)
    {
        (int status, string reason, ResponseFlags flags) = failure switch
        {
            UpstreamFailure.NoEndpoint => (503, "", ResponseFlags.NoHealthyUpstream),
            UpstreamFailure.ConnectFailed => (503, "remote connection failure", ResponseFlags.UpstreamFailure),
            UpstreamFailure.ConnectTimeout => (503, "connection timeout", ResponseFlags.UpstreamFailure),
            UpstreamFailure.Refused or UpstreamFailure.Reset => (503, "remote reset", ResponseFlags.UpstreamReset),
            UpstreamFailure.ProtocolError => (502, "protocol error", ResponseFlags.UpstreamProtocolError),
            UpstreamFailure.Overflow => (503, "overflow", ResponseFlags.Overflow),
            UpstreamFailure.Timeout or UpstreamFailure.TryTimeout => (504, "", ResponseFlags.UpstreamTimeout),
            _ => (503, "connection termination", ResponseFlags.UpstreamClosed),
        };
        if (failure == UpstreamFailure.NoEndpoint)
        {
            return new LocalAnswer(status, "no healthy upstream", flags, "no_healthy_upstream");
        }

        if (status == 504)
        {
            return new LocalAnswer(status, "upstream request timeout", flags, failure == UpstreamFailure.Timeout ? "response_timeout" : "upstream_per_try_timeout");
        }

        string why = failure == UpstreamFailure.ConnectFailed && transport is not null ? $"{reason}, transport failure reason: {transport}" : reason;
        string body = isRetried ? $"{Prefix}retried and the latest reset reason: {why}" : $"{Prefix}reset reason: {why}";
        string details = transport?.StartsWith("TLS_error", StringComparison.Ordinal) == true && failure is UpstreamFailure.ConnectFailed ? $"{reason},{transport}" : reason;
        return new LocalAnswer(status, body, flags, $"upstream_reset_before_response_started{{{details.Replace(' ', '_')}}}");
    }

    /// <summary>A text as grpc-message wants it: what is not printable ASCII, and the percent sign, by its octets.</summary>
    public static string GrpcMessage(ReadOnlySpan<byte> text)
    {
        StringBuilder message = new(text.Length);
        foreach (byte octet in text)
        {
            if (octet is >= 0x20 and <= 0x7e and not (byte)'%')
            {
                message.Append((char)octet);
            }
            else
            {
                message.Append('%').Append(octet.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return message.ToString();
    }

    /// <summary>The gRPC status that stands for an HTTP one.</summary>
    public static int GrpcStatus(int http) => http switch
    {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 or 502 or 503 or 504 => 14,
        _ => 2,
    };
}
