using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.L7;
using Google.Protobuf;

namespace Ambient.ControlPlane.Routing.Edges;

/// <summary>Certificates out of Secrets (waypoint reference 7.1). What cannot be used is said without a word of what is in it. Not thread-safe.</summary>
internal sealed class CredentialReader(WaypointScope scope)
{
    private readonly Dictionary<string, EdgeCredential> _read = new(StringComparer.Ordinal);

    /// <summary>Those that were read.</summary>
    public IReadOnlyList<EdgeCredential> All => [.. _read.Values.OrderBy(static credential => credential.Name, StringComparer.Ordinal)];

    /// <summary>A certificate with its key; null, or what is wrong.</summary>
    public string? Certificate(string @namespace, string name)
    {
        if (Data(@namespace, name, isSecret: true, out string error) is not { } data)
        {
            return error;
        }

        byte[]? chain = data.GetValueOrDefault("tls.crt") ?? data.GetValueOrDefault("cert"), key = data.GetValueOrDefault("tls.key") ?? data.GetValueOrDefault("key");
        if (chain is null || key is null)
        {
            return $"the Secret {@namespace}/{name} has no {(chain is null ? "tls.crt" : "tls.key")}";
        }

        if (Judge(chain, key) is { } broken)
        {
            return $"the Secret {@namespace}/{name}: {broken}";
        }

        EdgeCredential credential = Of(@namespace, name);
        (credential.Chain, credential.Key) = (ByteString.CopyFrom(chain), ByteString.CopyFrom(key));
        return null;
    }

    /// <summary>Authorities of clients' certificates, of a Secret that has them beside a certificate, of <c>name-cacert</c>, or of a ConfigMap; null, or what is wrong.</summary>
    public string? Authorities(string @namespace, string name, out string credential, bool isSecret = true, bool hasOther = true)
    {
        credential = $"{@namespace}/{name}";
        IReadOnlyDictionary<string, byte[]>? data = Data(@namespace, name, isSecret, out string error);
        byte[]? authorities = data?.GetValueOrDefault("ca.crt") ?? data?.GetValueOrDefault("cacert");
        if (authorities is null && hasOther)
        {
            string other = name + "-cacert";
            return Authorities(@namespace, other, out credential, isSecret, hasOther: false) is null ? null : $"neither the Secret {@namespace}/{name} nor {other} has authorities (ca.crt or cacert)";
        }

        if (authorities is null)
        {
            return data is null ? error : $"{(isSecret ? "the Secret" : "the ConfigMap")} {@namespace}/{name} has no ca.crt";
        }

        EdgeCredential found = Of(@namespace, name);
        found.Authorities = ByteString.CopyFrom(authorities);
        if ((data!.GetValueOrDefault("ca.crl") ?? data!.GetValueOrDefault("crl")) is { } revocations)
        {
            found.Revocations = ByteString.CopyFrom(revocations);
        }

        return null;
    }

    private EdgeCredential Of(string @namespace, string name)
    {
        string key = $"{@namespace}/{name}";
        if (!_read.TryGetValue(key, out EdgeCredential? credential))
        {
            _read[key] = credential = new EdgeCredential { Name = key };
        }

        return credential;
    }

    private IReadOnlyDictionary<string, byte[]>? Data(string @namespace, string name, bool isSecret, out string error)
    {
        Referenced found = scope.References(new ReferenceKey(isSecret, new ResourceKey(@namespace, name)));
        error = found.Data is not null ? "" : $"{(isSecret ? "the Secret" : "the ConfigMap")} {@namespace}/{name} {found.Refusal ?? (found.IsKnown ? "is missing" : "is not known yet")}";
        return found.Data;
    }

    private static string? Judge(byte[] chain, byte[] key)
    {
        try
        {
            using X509Certificate2 pair = X509Certificate2.CreateFromPem(Encoding.Latin1.GetString(chain), Encoding.Latin1.GetString(key));
            return pair.HasPrivateKey ? null : "the key does not belong to the certificate";
        }
        catch (Exception broken) when (broken is CryptographicException or ArgumentException)
        {
            return "certificate and key cannot be used together (they must be PEM, the key not encrypted, and of the same pair)";
        }
    }
}
