using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.Kubernetes.Connections;

/// <summary>Which certificates an API server may show. A file is read again when it changes; one that cannot be read leaves the last in force. Thread-safe.</summary>
public sealed class ServerTrust
{
    private readonly string? _file;
    private readonly bool _isBlind;
    private volatile Held? _held;

    private ServerTrust(string? file, X509Certificate2Collection? authorities, bool isBlind)
    {
        (_file, _isBlind) = (file, isBlind);
        _held = authorities is null ? null : new Held(authorities, default);
    }

    /// <summary>The machine's own roots.</summary>
    public static ServerTrust Machine { get; } = new(null, null, isBlind: false);

    /// <summary>Anyone: <c>insecure-skip-tls-verify</c>.</summary>
    public static ServerTrust Anyone { get; } = new(null, null, isBlind: true);

    /// <summary>These authorities alone.</summary>
    public static ServerTrust Of(X509Certificate2Collection authorities) => new(null, authorities, isBlind: false);

    /// <summary>The authorities of a PEM file; throws <see cref="CredentialException"/> when it has none.</summary>
    public static ServerTrust OfFile(string path)
    {
        var trust = new ServerTrust(path, null, isBlind: false);
        _ = trust.Authorities() ?? throw new CredentialException($"{path} cannot be read or holds no certificate");
        return trust;
    }

    /// <summary>Judges a handshake; fits <see cref="RemoteCertificateValidationCallback"/>.</summary>
    public bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (_isBlind)
        {
            return true;
        }

        if (errors == SslPolicyErrors.None && _file is null && _held is null)
        {
            return true;
        }

        // The name is always checked; an unknown root is what our own authorities are for.
        if (certificate is null || (errors | SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.RemoteCertificateChainErrors || Authorities() is not { } authorities)
        {
            return false;
        }

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.DisableCertificateDownloads = true;
        foreach (X509ChainElement element in chain?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            own.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        using X509Certificate2 leaf = certificate as X509Certificate2 is { } already ? new X509Certificate2(already) : new X509Certificate2(certificate);
        return own.Build(leaf);
    }

    private X509Certificate2Collection? Authorities()
    {
        Held? held = _held;
        if (_file is null)
        {
            return held?.Authorities;
        }

        try
        {
            DateTime stamp = File.GetLastWriteTimeUtc(_file);
            if (held is null || held.Stamp != stamp)
            {
                var read = new X509Certificate2Collection();
                read.ImportFromPemFile(_file);
                if (read.Count > 0)
                {
                    held = new Held(read, stamp);
                    _held = held;
                }
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            // The last ones stay.
        }

        return held?.Authorities;
    }

    private sealed record Held(X509Certificate2Collection Authorities, DateTime Stamp);
}
