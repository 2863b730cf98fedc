namespace Ambient.Grpc.Framing;

/// <summary>A call that didn't end with OK. The message is for operators; <see cref="Detail"/> is what the peer or the transport said.</summary>
public sealed class GrpcException : Exception
{
    /// <summary>With code and detail.</summary>
    public GrpcException(GrpcCode code, string detail, Exception? cause = null)
        : base($"{code}: {detail}", cause)
    {
        Code = code;
        Detail = detail;
    }

    /// <summary>The status.</summary>
    public GrpcCode Code { get; }

    /// <summary>The status message.</summary>
    public string Detail { get; }

    /// <summary>Whether the call never reached a server: name, TCP, TLS or HTTP/2 set-up failed.</summary>
    public bool IsConnectFailure { get; init; }
}
