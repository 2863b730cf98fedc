using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.L7;
using Google.Protobuf;

namespace Ambient.ControlPlane.Routing.Destinations;

/// <summary>
/// TLS of DestinationRules (waypoint reference 2.3.4). What cannot be honoured is broken, which answers requests 503: nothing is sent in the clear because a certificate
/// could not be had (Q6).
/// </summary>
internal sealed class TlsPolicies(WaypointScope scope, RoutedService service)
{
    // The places of the system's bundle in the images that people use; in our own it is at the first.
    private static readonly string[] SystemFiles =
        ["system", "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];

    private static readonly string[] Files = ["clientCertificate", "privateKey", "caCrl"];

    /// <summary>What a rule says; null: no TLS of ours.</summary>
    public UpstreamTls? Make(PolicyGroups groups)
    {
        if (groups.IsTlsMalformed)
        {
            return new UpstreamTls { Broken = "trafficPolicy.tls is not an object" };
        }

        if (groups.Tls is not { } tls)
        {
            return null;
        }

        string mode = tls.Text("mode");
        switch (mode)
        {
            case "" when !tls.Has("mode"):
            case "DISABLE" or "ISTIO_MUTUAL":
                return null;
            case "SIMPLE" or "MUTUAL":
                break;
            default:
                return Break(tls, new UpstreamTls(), "mode", $"'{mode}' is not one of DISABLE, SIMPLE, MUTUAL and ISTIO_MUTUAL");
        }

        UpstreamTls result = new() { Sni = tls.Text("sni"), SkipVerify = tls.Flag("insecureSkipVerify") };
        IReadOnlyList<string> names = tls.Texts("subjectAltNames");
        result.SubjectAltNames.Add(names.Count > 0 ? names : service.SubjectAltNames);
        Certificates(tls, mode == "MUTUAL", result);
        tls.End();
        return result;
    }

    /// <summary>Whether this is PEM with at least one certificate, and nothing in it that is none.</summary>
    public static bool AreCertificates(byte[] pem)
    {
        X509Certificate2Collection found = [];
        try
        {
            found.ImportFromPem(Encoding.Latin1.GetString(pem));
            return found.Count > 0;
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            foreach (X509Certificate2 certificate in found)
            {
                certificate.Dispose();
            }
        }
    }

    private static UpstreamTls Break(SpecReader tls, UpstreamTls result, string field, string why)
    {
        if (result.Broken.Length == 0)
        {
            result.Broken = $"{tls.Path}.{field}: {why}";
            tls.Invalid(field, $"{why}; nothing is sent, requests are answered 503");
        }

        return result;
    }

    private void Certificates(SpecReader tls, bool isMutual, UpstreamTls result)
    {
        foreach (string file in Files.Where(tls.Has))
        {
            Break(tls, result, file, "files in waypoints cannot be named; use credentialName");
        }

        string authorities = tls.Text("caCertificates");
        if (authorities.Length > 0 && !SystemFiles.Contains(authorities))
        {
            Break(tls, result, "caCertificates", "of files only the system's bundle can be named; use credentialName");
        }

        if (tls.Has("credentialName"))
        {
            Credential(tls, tls.Text("credentialName"), isMutual, authorities.Length > 0, result);
        }
        else if (isMutual)
        {
            Break(tls, result, "mode", "MUTUAL needs a client certificate");
        }
    }

    private void Credential(SpecReader tls, string name, bool isMutual, bool isSystemTrusted, UpstreamTls result)
    {
        const string scheme = "kubernetes://";
        name = name.StartsWith(scheme, StringComparison.Ordinal) ? name[scheme.Length..] : name;
        if (name.Length is 0 or > 253 || name.Contains('/', StringComparison.Ordinal))
        {
            Break(tls, result, "credentialName", "must be the name of a Secret in the waypoint's namespace");
            return;
        }

        if (tls.Source.Namespace != scope.Namespace && tls.Source.Namespace != scope.RootNamespace)
        {
            // Whoever may write rules elsewhere could otherwise have the waypoint act as somebody whose key they may not even see.
            Break(tls, result, "credentialName", $"a rule of namespace {tls.Source.Namespace} cannot use Secrets of the waypoint's namespace {scope.Namespace}; put the rule there");
            return;
        }

        // Both are asked for at once: who waits for what was asked for then waits for both.
        Referenced secret = Secret(name);
        Referenced? separate = isSystemTrusted || result.SkipVerify ? null : Secret(name + "-cacert");
        if (!secret.IsKnown || separate?.IsKnown == false)
        {
            Wait(result, $"the Secret {scope.Namespace}/{name}{(secret.IsKnown ? "-cacert" : "")} is being read");
            return;
        }

        if (secret.Refusal is { } refusal)
        {
            Break(tls, result, "credentialName", $"the Secret {scope.Namespace}/{name} {refusal}");
            return;
        }

        if (isMutual)
        {
            Client(tls, name, secret, result);
        }

        if (separate is not null)
        {
            Authorities(tls, name, secret, separate, result);
        }
    }

    /// <summary>No problem of the rule's, and not what the rule says: it is not known yet.</summary>
    internal static void Wait(UpstreamTls result, string why)
    {
        if (result.Broken.Length == 0)
        {
            (result.Broken, result.Pending) = (why, true);
        }
    }

    private void Client(SpecReader tls, string name, Referenced secret, UpstreamTls result)
    {
        byte[]? certificate = Value(secret, "tls.crt", "cert");
        byte[]? key = Value(secret, "tls.key", "key");
        if (certificate is null || key is null)
        {
            Break(tls, result, "credentialName", secret.Data is null ? $"there is no Secret {scope.Namespace}/{name}" : $"the Secret {scope.Namespace}/{name} needs tls.crt and tls.key (or cert and key)");
            return;
        }

        if (!IsPair(certificate, key))
        {
            Break(tls, result, "credentialName", $"the Secret {scope.Namespace}/{name} has no certificate and key in PEM that belong together");
            return;
        }

        result.Certificate = ByteString.CopyFrom(certificate);
        result.PrivateKey = ByteString.CopyFrom(key);
    }

    private void Authorities(SpecReader tls, string name, Referenced secret, Referenced separate, UpstreamTls result)
    {
        // A Secret of its own wins where both are there, as its name says what it is for.
        byte[]? authorities = Value(separate, "ca.crt", "cacert") ?? Value(secret, "ca.crt", "cacert");
        if (authorities is null)
        {
            Break(tls, result, "credentialName", separate.Refusal is { } refusal
                ? $"the Secret {scope.Namespace}/{name} has no ca.crt (or cacert), and {name}-cacert {refusal}"
                : $"neither the Secret {scope.Namespace}/{name} nor {name}-cacert has ca.crt (or cacert)");
            return;
        }

        if (!AreCertificates(authorities))
        {
            Break(tls, result, "credentialName", $"ca.crt of the Secret {scope.Namespace}/{name} is not PEM of certificates");
            return;
        }

        result.Authorities = ByteString.CopyFrom(authorities);
        if ((Value(separate, "ca.crl", "crl") ?? Value(secret, "ca.crl", "crl")) is { Length: > 0 } lists)
        {
            result.Revocations = ByteString.CopyFrom(lists);
        }
    }

    private static bool IsPair(byte[] certificate, byte[] key)
    {
        try
        {
            using X509Certificate2 pair = X509Certificate2.CreateFromPem(Encoding.Latin1.GetString(certificate), Encoding.Latin1.GetString(key));
            return pair.HasPrivateKey;
        }
        catch (Exception unusable) when (unusable is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private Referenced Secret(string name) => scope.References(new ReferenceKey(IsSecret: true, new ResourceKey(scope.Namespace, name)));

    private static byte[]? Value(Referenced referenced, string name, string generic) =>
        referenced.Data is null ? null : referenced.Data.TryGetValue(name, out byte[]? value) && value.Length > 0 ? value : referenced.Data.TryGetValue(generic, out value) && value.Length > 0 ? value : null;
}
