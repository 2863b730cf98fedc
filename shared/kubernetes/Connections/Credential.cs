using System.Security.Cryptography.X509Certificates;

namespace Ambient.Kubernetes.Connections;

/// <summary>A bearer token, a client certificate, both or neither; its text form shows neither. Immutable.</summary>
public sealed class Credential(string? token, X509Certificate2? certificate)
{
    /// <summary>Nobody.</summary>
    public static Credential Anonymous { get; } = new(null, null);

    /// <summary>Bearer token; null without one.</summary>
    public string? Token { get; } = token;

    /// <summary>Client certificate with its key; null without one.</summary>
    public X509Certificate2? Certificate { get; } = certificate;

    /// <inheritdoc/>
    public override string ToString() => (Token, Certificate) switch
    {
        (null, null) => "anonymous",
        (null, _) => "client certificate " + Certificate.Subject,
        (_, null) => "token ***",
        _ => "token *** and client certificate " + Certificate.Subject,
    };
}
