using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Identity.Keys;
using Ambient.Identity.Trust;
using Ambient.Mesh.Identities;
using Ambient.Protocol.Istio.Auth;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Identity.Client;

/// <summary>Has keys certified by the mesh's authority (ztunnel reference sections 6.1 to 6.3). Thread-safe.</summary>
public sealed class IstioCertificateClient : ICertificateIssuer, IDisposable
{
    private const string Method = "/istio.v1.auth.IstioCertificateService/CreateCertificate";
    private readonly Lock _gate = new();
    private readonly IstioCertificateOptions _options;
    private readonly TimeProvider _clock;
    private readonly FileWatch? _watch;
    private GrpcChannel? _channel;

    /// <summary>Makes a client; it connects at the first request.</summary>
    public IstioCertificateClient(IstioCertificateOptions options, TimeProvider clock)
    {
        _options = options;
        _clock = clock;
        ServerRoots roots = options.Channel.Roots;
        _watch = roots.FilePath is { } path ? new FileWatch(path, RevocationStore.Quiet, roots.MarkChanged, clock) : null;
    }

    /// <inheritdoc/>
    public async Task<WorkloadCertificate> IssueAsync(SpiffeId identity, CancellationToken cancellation)
    {
        // Who asks may be an event loop; making a key takes longer than a loop may pause.
        await Task.Yield();
        using WorkloadKey key = WorkloadKey.Create();
        IstioCertificateResponse response;
        try
        {
            response = await Channel().CallAsync(Method, Request(identity, key), IstioCertificateResponse.Parser, _options.CallLimit, cancellation);
        }
        catch (Exception cause) when (cause is GrpcException or InvalidDataException or ArgumentException)
        {
            throw new IssueException($"the CA at {_options.Channel.Address.Authority} gave no certificate for {identity}: {cause.Message}", cause);
        }

        return IssuedChain.TryAccept(identity, key, response.CertChain, _clock.GetUtcNow(), out WorkloadCertificate? certificate, out string? error)
            ? certificate
            : throw new IssueException(error);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch?.Dispose();
        lock (_gate)
        {
            _channel?.Dispose();
            _channel = null;
        }
    }

    private IstioCertificateRequest Request(SpiffeId identity, WorkloadKey key)
    {
        var request = new IstioCertificateRequest
        {
            Csr = CertificateRequestBuilder.BuildPem(identity, key),
            ValidityDuration = (long)_options.Validity.TotalSeconds,
        };
        if (_options.Impersonates)
        {
            request.Metadata = new Struct { Fields = { ["ImpersonatedIdentity"] = Value.ForString(identity.ToString()) } };
        }

        return request;
    }

    /// <summary>The connection, made anew after the root file changed. When that fails the old one is used, and the next request tries again.</summary>
    private GrpcChannel Channel()
    {
        ServerRoots roots = _options.Channel.Roots;
        lock (_gate)
        {
            bool isStale = roots.TakeChanged();
            if (_channel is not null && !isStale)
            {
                return _channel;
            }

            try
            {
                // The old one is left to its calls in flight; without them the collector takes its connection.
                return _channel = new GrpcChannel(_options.Channel, _clock);
            }
            catch (InvalidDataException broken) when (_channel is not null)
            {
                roots.MarkChanged();
                _options.OnRootsBroken?.Invoke(broken.Message);
                return _channel;
            }
        }
    }
}
