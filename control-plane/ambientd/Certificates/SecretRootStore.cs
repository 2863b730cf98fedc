using System.Text;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Configuration;

namespace Ambient.ControlPlane.Certificates;

/// <summary>
/// The root in a Secret, in the form that istiod uses (control-plane reference 6.4), so that either can take over from the other: the certificate that
/// signs, its key, and all roots when there are several. Thread-safe. Failures of the API are <see cref="IOException"/>s.
/// </summary>
internal sealed class SecretRootStore(KubernetesClient client, string systemNamespace) : IRootStore
{
    internal const string SecretName = "istio-ca-secret";
    private const string SecretType = "istio.io/ca-root";
    private const string Certificate = "ca-cert.pem";
    private const string Key = "ca-key.pem";
    private const string Bundle = "root-cert.pem";
    private readonly ResourceKey _key = new(systemNamespace, SecretName);

    public async ValueTask<string?> LoadAsync(CancellationToken cancellation) => await ReadAsync(cancellation) is { } secret ? Text(secret) : null;

    public async ValueTask<bool> TryCreateAsync(string pem, CancellationToken cancellation)
    {
        var secret = new Secret { Metadata = new ObjectMeta { Namespace = _key.Namespace, Name = _key.Name }, Type = SecretType, Data = Data(pem) };
        ApiResult<Secret> made = await client.CreateAsync(KnownResources.Secrets, secret, cancellation);
        return made.Error switch
        {
            null => true,
            { IsAlreadyExists: true } => false,
            { } error => throw Failed(error),
        };
    }

    public async ValueTask<bool> TryReplaceAsync(string loaded, string pem, CancellationToken cancellation)
    {
        if (await ReadAsync(cancellation) is not { } secret || Text(secret) != loaded)
        {
            return false;
        }

        // It carries the version that was read: whoever was faster wins.
        ApiResult<Secret> written = await client.UpdateAsync(KnownResources.Secrets, secret with { Data = Data(pem) }, cancellation);
        return written.Error switch
        {
            null => true,
            { IsConflict: true } or { IsNotFound: true } => false,
            { } error => throw Failed(error),
        };
    }

    private async ValueTask<Secret?> ReadAsync(CancellationToken cancellation)
    {
        ApiResult<Secret> read = await client.GetAsync(KnownResources.Secrets, _key, cancellation);
        return read.IsOk(out Secret? secret, out ApiError? error) ? secret : error.IsNotFound ? null : throw Failed(error);
    }

    /// <summary>The certificate first, then those of the bundle that are others, then the key.</summary>
    private static string Text(Secret secret)
    {
        string Part(string name) => secret.Data.TryGetValue(name, out byte[]? bytes) ? Encoding.UTF8.GetString(bytes).Trim() : "";
        string first = Part(Certificate);
        IEnumerable<string> others = Blocks(Part(Bundle)).Where(block => block != first);
        return string.Join('\n', new[] { first }.Concat(others).Append(Part(Key))) + "\n";
    }

    private static SecretData Data(string pem)
    {
        string[] blocks = [.. Blocks(pem)];
        string[] certificates = [.. blocks.Where(static block => block.StartsWith("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal))];
        static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);
        return new SecretData(new Dictionary<string, byte[]>
        {
            [Certificate] = Bytes(certificates[0] + "\n"),
            [Key] = Bytes(blocks[^1] + "\n"),
            [Bundle] = Bytes(certificates.Length > 1 ? string.Join('\n', certificates) + "\n" : ""),
            ["cert-chain.pem"] = [],
            ["key.pem"] = [],
        });
    }

    private static IEnumerable<string> Blocks(string pem)
    {
        const string End = "-----END ";
        int at = 0;
        while (pem.IndexOf("-----BEGIN ", at, StringComparison.Ordinal) is >= 0 and int begin
            && pem.IndexOf(End, begin, StringComparison.Ordinal) is >= 0 and int end
            && pem.IndexOf("-----", end + End.Length, StringComparison.Ordinal) is >= 0 and int close)
        {
            at = close + 5;
            yield return pem[begin..at];
        }
    }

    private IOException Failed(ApiError error) => new($"the Secret {_key} cannot be read or written: {error}");
}
