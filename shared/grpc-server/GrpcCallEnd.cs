using Ambient.Grpc.Framing;

namespace Ambient.Grpc.Server;

/// <summary>How a call ended, for logs and metrics. Immutable.</summary>
/// <param name="Method">The path, or the empty text for one that the server does not know.</param>
/// <param name="Code">What the caller was told, or would have been.</param>
/// <param name="Detail">The status message.</param>
/// <param name="Peer">The caller's address.</param>
/// <param name="Duration">From the head of the request to the end.</param>
/// <param name="Fault">What went wrong inside, when nobody had expected it.</param>
public readonly record struct GrpcCallEnd(string Method, GrpcCode Code, string Detail, string Peer, TimeSpan Duration, Exception? Fault);
