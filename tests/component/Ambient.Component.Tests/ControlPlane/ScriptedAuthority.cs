using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.Component.Tests.Ztunnel;
using Ambient.Grpc.Framing;
using Ambient.Protocol.Istio.Auth;
using Microsoft.AspNetCore.Http;

namespace Ambient.Component.Tests.ControlPlane;

/// <summary>A certificate authority for client and server of a mesh, which does what the test says at the moment.</summary>
internal sealed class ScriptedAuthority : IAsyncDisposable
{
    private const string SubjectAlternativeName = "2.5.29.17";
    private readonly List<X509Certificate2> _roots = [MakeRoot()];
    private readonly ConcurrentQueue<(string Identity, string Serial)> _issued = new();
    private volatile AuthorityMood _mood;
    private volatile X509Certificate2 _root;
    private volatile string _anchors;
    private volatile TaskCompletionSource _moodChange = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PodControlPlane? _server;
    private int _requests;

    public ScriptedAuthority()
    {
        _root = _roots[0];
        _anchors = _root.ExportCertificatePem();
    }

    /// <summary>What it does with requests from now on.</summary>
    public AuthorityMood Mood
    {
        get => _mood;
        set
        {
            _mood = value;
            Interlocked.Exchange(ref _moodChange, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    /// <summary>What good certificates live, and how much of that is over when they are issued.</summary>
    public (TimeSpan Total, TimeSpan Spent) Life { get; set; } = (TimeSpan.FromHours(1), TimeSpan.Zero);

    /// <summary>All requests so far, of whatever outcome.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>A mesh whose proxies ask this authority, each connection a handshake of its own.</summary>
    public MeshPlan Plan() => new()
    {
        Prepare = async mesh =>
        {
            _server = await PodControlPlane.StartAsync(ServeAsync, mesh.Client, mesh.Server);
            return new MeshPlan { ClientSettings = Settings(0), ServerSettings = Settings(1) };
        },
    };

    /// <summary>A root rotation, step 1: a new root is trusted beside the old one, which still signs.</summary>
    public void TrustNewRoot()
    {
        _roots.Add(MakeRoot());
        _anchors += "\n" + _roots[^1].ExportCertificatePem();
    }

    /// <summary>Step 2: the new one signs.</summary>
    public void SignWithNewRoot() => _root = _roots[^1];

    /// <summary>Step 3: the old one is trusted no more.</summary>
    public void DistrustOldRoot() => _anchors = _roots[^1].ExportCertificatePem();

    /// <summary>Serial numbers of the good certificates of a workload, in order.</summary>
    public IReadOnlyList<string> SerialsOf(string account) => [.. _issued.Where(i => i.Identity.EndsWith("/sa/" + account, StringComparison.Ordinal)).Select(i => i.Serial)];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _roots.ForEach(r => r.Dispose());
    }

    private (string Name, string Value)[] Settings(int pod) =>
    [
        ("FAKE_CA", "false"),
        ("CA_ADDRESS", PodControlPlane.Address(pod)),
        ("CA_ROOT_CA", _server!.RootPem),
        ("POOL_MAX_STREAMS_PER_CONNECTION", "1"),
    ];

    private async Task ServeAsync(HttpContext context)
    {
        var reader = new MessageReader(context.Request.Body, 1 << 20);
        IstioCertificateRequest request = (await reader.ReadAsync(IstioCertificateRequest.Parser, context.RequestAborted))!;
        Task change = _moodChange.Task;
        AuthorityMood mood = Mood;
        Interlocked.Increment(ref _requests);
        if (mood == AuthorityMood.Stalls)
        {
            await change.WaitAsync(context.RequestAborted);
            context.Abort();
            return;
        }

        if (mood == AuthorityMood.Refuses)
        {
            await PodControlPlane.BeginAsync(context);
            PodControlPlane.End(context, GrpcCode.PermissionDenied, "no certificates on Sundays");
            return;
        }

        await PodControlPlane.BeginAsync(context);
        var answer = new IstioCertificateResponse();
        answer.CertChain.AddRange(Chain(request, mood));
        await PodControlPlane.SendAsync(context, answer);
        PodControlPlane.End(context);
    }

    private string[] Chain(IstioCertificateRequest request, AuthorityMood mood)
    {
        CertificateRequest asked = CertificateRequest.LoadSigningRequestPem(request.Csr, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        string names = Encoding.ASCII.GetString(asked.CertificateExtensions.Single(e => e.Oid?.Value == SubjectAlternativeName).RawData);
        string identity = names[names.IndexOf("spiffe://", StringComparison.Ordinal)..];
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        DateTimeOffset from = now - Life.Spent;
        switch (mood)
        {
            case AuthorityMood.IsGarbage:
                return ["-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n", _anchors];
            case AuthorityMood.SendsNothing:
                return [];
            case AuthorityMood.SendsExpired:
                return [Leaf(asked.PublicKey, identity, now.AddHours(-2), now.AddHours(-1)).ExportCertificatePem(), _anchors];
            case AuthorityMood.SendsEarly:
                return [Leaf(asked.PublicKey, identity, now.AddHours(1), now.AddHours(2)).ExportCertificatePem(), _anchors];
            case AuthorityMood.SendsForeignIdentity:
                return [Leaf(asked.PublicKey, "spiffe://cluster.local/ns/bench/sa/admin", now, now.AddHours(1)).ExportCertificatePem(), _anchors];
            case AuthorityMood.SendsWrongKey:
                using (ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                {
                    return [Leaf(new PublicKey(other), identity, now, now.AddHours(1)).ExportCertificatePem(), _anchors];
                }

            default:
                using (X509Certificate2 leaf = Leaf(asked.PublicKey, identity, from, from + Life.Total))
                {
                    _issued.Enqueue((identity, new BigInteger(leaf.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture)));
                    return [leaf.ExportCertificatePem(), _anchors];
                }
        }
    }

    private X509Certificate2 Leaf(PublicKey key, string identity, DateTimeOffset from, DateTimeOffset to)
    {
        var request = new CertificateRequest(new X500DistinguishedName("O=scripted"), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(identity));
        request.CertificateExtensions.Add(names.Build(critical: true));
        byte[] serial = RandomNumberGenerator.GetBytes(8);
        serial[0] = 1;
        return request.Create(_root, from, to, serial);
    }

    private static X509Certificate2 MakeRoot()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("O=scripted root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddHours(-3), now.AddHours(3));
    }
}
