namespace Ambient.Mesh.Connections;

/// <summary>What a <see cref="CloseReason"/> means on the wire, in metrics and to an operator. Immutable.</summary>
/// <param name="Code">Short stable word, the same in the access logs of both sides.</param>
/// <param name="ResponseFlag">The label <c>response_flags</c> (ztunnel.md 10.3): <c>-</c> when not counted as failed.</param>
/// <param name="HttpStatus">Status with which a server refuses a CONNECT for this reason.</param>
/// <param name="Http2Error">HTTP/2 error code (RFC 9113 section 7) with which a live stream is reset for this reason.</param>
/// <param name="IsFailure">Whether the connection counts as failed in the access log.</param>
/// <param name="Advice">What an operator can do; empty when nothing is wrong.</param>
public sealed record CloseDescription(string Code, string ResponseFlag, int HttpStatus, uint Http2Error, bool IsFailure, string Advice);
