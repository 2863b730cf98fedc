using System.Runtime.InteropServices;
using Ambient.ControlPlane.Authority.Callers;
using Ambient.ControlPlane.Authority.Nodes;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Authority.Serving;
using Ambient.ControlPlane.Certificates;
using Ambient.ControlPlane.Discovery.Feeding;
using Ambient.ControlPlane.Discovery.Indexing;
using Ambient.ControlPlane.Observation;
using Ambient.ControlPlane.Settings;
using Ambient.Grpc.Framing;
using Ambient.Grpc.Server;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Serving;

namespace Ambient.ControlPlane;

/// <summary>The control plane as a whole: builds its parts, wires them, runs until told to end.</summary>
public sealed class ControlPlaneProcess(ControlPlaneSettings settings, IResourceSource source, ITokenReviewer tokens, LogHub logs, TimeProvider clock)
{
    private readonly TaskCompletionSource<System.Net.IPEndPoint> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the address of xDS and the certificate service once it listens.</summary>
    public Task<System.Net.IPEndPoint> Listening => _listening.Task;

    /// <summary>Runs until cancelled or until a signal; the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => End(signal, ending));
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => End(signal, ending));
        Logger log = logs.For("ambientd");

        var authority = new AuthorityHolder();
        var keeper = new AuthorityKeeper(settings, authority, clock, logs.For("ambientd::authority"));
        await keeper.OpenAsync(ending.Token);

        var pods = new PodIndex();
        var store = new ResourceStore([MeshIndex.PolicyType, MeshIndex.AddressType]);
        using var feed = new DiscoveryFeed(source, new MeshIndex(settings.Mesh), store, new LoggedFeed(pods, settings.Mesh.ClusterId, logs.For("ambientd::discovery")));
        var callers = new CallerAuthenticator(tokens, settings.Mesh.TrustDomain);
        var xds = new XdsServer(store, XdsOptions(callers, feed), clock);
        await using (xds)
        {
            await using GrpcServer server = await ServeAsync(authority, xds, new CertificateService(authority, pods, ServiceOptions(), clock).Method(callers), ending.Token);
            await using HttpServer ready = HttpServer.Start(new HttpServerOptions("ready", [settings.ReadyAddress]), new ReadyHandler(() => feed.IsSynced), logs.For("ambientd::http"));
            xds.Start();
            log.Info("listening", LogField.Of("xds", server.Address.ToString()), LogField.Of("names", string.Join(' ', settings.ServerNames)));
            _listening.TrySetResult(server.Address);
            return await UntilEndAsync(feed.RunAsync(ending.Token), keeper.RunAsync(ending.Token), log, ending);
        }
    }

    private static void End(PosixSignalContext signal, CancellationTokenSource ending)
    {
        signal.Cancel = true;
        ending.Cancel();
    }

    /// <summary>A part that ends by itself is a fault: then the whole ends, and is started again from outside.</summary>
    private static async Task<int> UntilEndAsync(Task feeding, Task keeping, Logger log, CancellationTokenSource ending)
    {
        Task first = await Task.WhenAny(feeding, keeping);
        bool isAsked = ending.IsCancellationRequested;
        await ending.CancelAsync();
        try
        {
            await Task.WhenAll(feeding, keeping);
        }
        catch (OperationCanceledException) when (isAsked)
        {
            log.Info("ending");
            return 0;
        }
        catch (Exception fault) when (!isAsked)
        {
            log.Error("a part of the control plane failed", LogField.Of("error", (first.Exception?.GetBaseException() ?? fault).ToString()));
        }

        return isAsked ? 0 : 1;
    }

    private XdsServerOptions XdsOptions(CallerAuthenticator callers, DiscoveryFeed feed)
    {
        Logger log = logs.For("ambientd::xds");
        return new XdsServerOptions
        {
            IsReady = () => feed.IsSynced,
            Observer = new LoggedXds(log),
            Authenticate = async (call, cancellation) =>
            {
                try
                {
                    return (await callers.AuthenticateAsync(call, cancellation)).Identities;
                }
                catch (GrpcException stranger)
                {
                    log.Warn("a stranger was refused", LogField.Of("peer", call.Peer), LogField.Of("reason", stranger.Detail));
                    throw new GrpcException(stranger.Code, "authentication failure");
                }
            },
        };
    }

    private CertificateServiceOptions ServiceOptions()
    {
        Logger log = logs.For("ambientd::authority");
        return new CertificateServiceOptions
        {
            NodeAuthorization = new NodeAuthorization(settings.TrustedNodeAccounts, [settings.Mesh.TrustDomain]),
            Refused = (peer, reason) => log.Warn("a certificate was refused", LogField.Of("peer", peer), LogField.Of("reason", reason)),
            Issued = (identity, lifetime) => log.Debug("a certificate was issued", LogField.Of("identity", identity), LogField.Of("hours", (long)lifetime.TotalHours)),
        };
    }

    private Task<GrpcServer> ServeAsync(AuthorityHolder authority, XdsServer xds, GrpcMethod certificates, CancellationToken cancellation)
    {
        Logger log = logs.For("ambientd::grpc");
        var certificate = new ServingCertificate(authority, settings.ServerNames, clock);
        var options = new GrpcServerOptions
        {
            Address = settings.XdsAddress,
            Certificate = certificate.Current,
            ClientCertificate = certificate.IsOfThisMesh,
            CallEnded = end =>
            {
                if (end.Fault is { } fault)
                {
                    log.Error("a call failed", LogField.Of("method", end.Method), LogField.Of("peer", end.Peer), LogField.Of("error", fault.ToString()));
                }
            },
        };
        return GrpcServer.StartAsync(options, [xds.Method, certificates], clock, cancellation);
    }
}
