using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Grpc.Client;

/// <summary>Decides about a server's certificate: chain to the given roots, and the address' name or the alternative. Thread-safe.</summary>
internal sealed class ServerVerification(X509Certificate2Collection? roots, string? alternativeName)
{
    private volatile string? _lastRejection;

    /// <summary>Why the last certificate was refused, because the TLS stack's own words don't say.</summary>
    internal string? LastRejection => _lastRejection;

    internal SslClientAuthenticationOptions ToOptions(GrpcChannelOptions channel)
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            TrustMode = roots is null ? X509ChainTrustMode.System : X509ChainTrustMode.CustomRootTrust,
        };
        if (roots is not null)
        {
            policy.CustomTrustStore.AddRange(roots);
        }

        return new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = channel.Protocols,
            CertificateChainPolicy = policy,
            RemoteCertificateValidationCallback = Verify,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
        };
    }

    private bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        _lastRejection = Judge(certificate, chain, errors);
        return _lastRejection is null;
    }

    private string? Judge(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 leaf)
        {
            return "the server presented no certificate";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            string reasons = string.Join(", ", chain?.ChainStatus.Select(static status => status.StatusInformation.Trim()) ?? []);
            return $"the server's certificate ({leaf.Subject}) does not chain to the configured roots: {reasons}";
        }

        bool isNameWrong = errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            && (alternativeName is null || !leaf.MatchesHostname(alternativeName, allowWildcards: true, allowCommonName: false));
        return isNameWrong ? $"the server's certificate ({leaf.Subject}) is for another name" : null;
    }
}
