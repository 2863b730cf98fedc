using Ambient.Grpc.Framing;

namespace Ambient.Grpc.Client;

/// <summary>Turns what the HTTP stack throws into gRPC's words.</summary>
internal static class Failures
{
    /// <summary>What a lost connection is called by every implementation; reconnecting at once is right then.</summary>
    internal const string TransportClosing = "transport is closing";

    internal static GrpcException FromTransport(Exception failure, bool isConnecting, string? rejection)
    {
        if (failure is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } && rejection is not null)
        {
            return new GrpcException(GrpcCode.Unavailable, rejection, failure) { IsConnectFailure = true };
        }

        bool isConnect = isConnecting || failure is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.VersionNegotiationError,
        };
        string text = Innermost(failure);
        if (isConnect)
        {
            return new GrpcException(GrpcCode.Unavailable, text, failure) { IsConnectFailure = true };
        }

        // NO_ERROR is how a server closes its connection (GOAWAY), not how it refuses a call.
        return Find<HttpProtocolException>(failure) is { ErrorCode: not 0 } reset
            ? new GrpcException(FromReset(reset.ErrorCode), $"the stream was reset with HTTP/2 error {reset.ErrorCode}", failure)
            : new GrpcException(GrpcCode.Unavailable, $"{TransportClosing}: {text}", failure);
    }

    /// <summary>gRPC's table of HTTP/2 error codes.</summary>
    private static GrpcCode FromReset(long code) => code switch
    {
        0x7 => GrpcCode.Unavailable,
        0x8 => GrpcCode.Cancelled,
        0xB => GrpcCode.ResourceExhausted,
        0xC => GrpcCode.PermissionDenied,
        _ => GrpcCode.Internal,
    };

    private static T? Find<T>(Exception? failure)
        where T : Exception
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is T found)
            {
                return found;
            }
        }

        return null;
    }

    private static string Innermost(Exception failure)
    {
        Exception inner = failure;
        while (inner.InnerException is { } next)
        {
            inner = next;
        }

        return ReferenceEquals(inner, failure) ? failure.Message : $"{failure.Message} ({inner.Message})";
    }
}
