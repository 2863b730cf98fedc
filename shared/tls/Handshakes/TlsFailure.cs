using Ambient.Mesh.Connections;

namespace Ambient.Tls.Handshakes;

/// <summary>Why a handshake failed, for operators. Immutable; holds no secret.</summary>
public sealed record TlsFailure(CloseReason Reason, string Text);
