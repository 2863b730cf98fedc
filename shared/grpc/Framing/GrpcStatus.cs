using System.Globalization;
using System.Net;
using System.Text;

namespace Ambient.Grpc.Framing;

/// <summary>How a call ended, as its trailers say. Immutable.</summary>
/// <param name="Code">The status.</param>
/// <param name="Detail">The decoded status message.</param>
public readonly record struct GrpcStatus(GrpcCode Code, string Detail)
{
    /// <summary>What an HTTP status other than 200 means (gRPC's table for proxies and the like that don't speak gRPC).</summary>
    public static GrpcCode FromHttp(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => GrpcCode.Internal,
        HttpStatusCode.Unauthorized => GrpcCode.Unauthenticated,
        HttpStatusCode.Forbidden => GrpcCode.PermissionDenied,
        HttpStatusCode.NotFound => GrpcCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => GrpcCode.Unavailable,
        _ => GrpcCode.Unknown,
    };

    /// <summary>Reads grpc-status and grpc-message. A status that is no known number is <see cref="GrpcCode.Unknown"/>.</summary>
    public static GrpcStatus Parse(string status, string? message)
    {
        bool isKnown = int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out int code) && code is >= 0 and <= (int)GrpcCode.Unauthenticated;
        string detail = message is null ? "" : DecodeMessage(message);
        return isKnown ? new GrpcStatus((GrpcCode)code, detail) : new GrpcStatus(GrpcCode.Unknown, $"the server's status is {Printable(status)}: {detail}");
    }

    /// <summary>Undoes the percent encoding of grpc-message; what isn't well encoded is kept as it is. Control characters become spaces.</summary>
    public static string DecodeMessage(string message)
    {
        byte[] bytes = new byte[Math.Min(message.Length, MaxDetail)];
        int length = 0;
        for (int i = 0; i < message.Length && length < bytes.Length; i++)
        {
            if (message[i] == '%' && i + 2 < message.Length && byte.TryParse(message.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                bytes[length++] = value;
                i += 2;
            }
            else
            {
                bytes[length++] = message[i] < 128 ? (byte)message[i] : (byte)'?';
            }
        }

        return Printable(Encoding.UTF8.GetString(bytes, 0, length));
    }

    /// <summary>The percent encoding of grpc-message.</summary>
    public static string EncodeMessage(string detail)
    {
        var text = new StringBuilder(detail.Length);
        foreach (byte value in Encoding.UTF8.GetBytes(detail))
        {
            _ = value is >= 0x20 and <= 0x7E and not (byte)'%' ? text.Append((char)value) : text.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    private const int MaxDetail = 4096;

    private static string Printable(string text) => string.Create(Math.Min(text.Length, MaxDetail), text, static (span, source) =>
    {
        for (int i = 0; i < span.Length; i++)
        {
            span[i] = char.IsControl(source[i]) ? ' ' : source[i];
        }
    });
}
