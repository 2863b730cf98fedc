using Ambient.Mesh.Connections;
using Ambient.Tls.Native;

namespace Ambient.Tls.Verification;

/// <summary>Why a peer's certificate isn't accepted: for the operator the text, for the peer an alert by way of libssl's code. Immutable.</summary>
internal sealed record VerificationFailure(int LibraryCode, CloseReason Reason, string Text)
{
    internal static VerificationFailure Bad(string text) => new(Libcrypto.X509_V_ERR_CERT_REJECTED, CloseReason.TlsFailure, text);

    internal static VerificationFailure Untrusted(string text) =>
        new(Libcrypto.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, CloseReason.TlsFailure, text);

    internal static VerificationFailure TooLong(string text) => new(Libcrypto.X509_V_ERR_CERT_CHAIN_TOO_LONG, CloseReason.TlsFailure, text);

    internal static VerificationFailure Purpose(string text) => new(Libcrypto.X509_V_ERR_INVALID_PURPOSE, CloseReason.TlsFailure, text);

    internal static VerificationFailure NotYetValid(string text) => new(Libcrypto.X509_V_ERR_CERT_NOT_YET_VALID, CloseReason.TlsFailure, text);

    internal static VerificationFailure Expired(string text) => new(Libcrypto.X509_V_ERR_CERT_HAS_EXPIRED, CloseReason.TlsFailure, text);

    internal static VerificationFailure Revoked(string text) => new(Libcrypto.X509_V_ERR_CERT_REVOKED, CloseReason.Revoked, text);

    internal static VerificationFailure Identity(string text) =>
        new(Libcrypto.X509_V_ERR_APPLICATION_VERIFICATION, CloseReason.PeerIdentityMismatch, text);
}
