namespace Ambient.Grpc.Framing;

/// <summary>The status codes of gRPC; the numbers are the wire's.</summary>
public enum GrpcCode
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>Cancelled, usually by the caller.</summary>
    Cancelled = 1,

    /// <summary>Nothing more is known.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state.</summary>
    InvalidArgument = 3,

    /// <summary>It took too long.</summary>
    DeadlineExceeded = 4,

    /// <summary>Not there.</summary>
    NotFound = 5,

    /// <summary>Is there already.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not.</summary>
    PermissionDenied = 7,

    /// <summary>A quota or a size limit.</summary>
    ResourceExhausted = 8,

    /// <summary>Not in this state.</summary>
    FailedPrecondition = 9,

    /// <summary>A conflict; trying again may help.</summary>
    Aborted = 10,

    /// <summary>Beyond the valid range.</summary>
    OutOfRange = 11,

    /// <summary>The server knows no such method.</summary>
    Unimplemented = 12,

    /// <summary>A broken invariant or broken bytes.</summary>
    Internal = 13,

    /// <summary>Not reachable now.</summary>
    Unavailable = 14,

    /// <summary>Data is lost.</summary>
    DataLoss = 15,

    /// <summary>The caller isn't known.</summary>
    Unauthenticated = 16,
}
