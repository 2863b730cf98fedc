using Ambient.EventLoop;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Identity.Certificates;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Workloads;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;
using Ambient.Ztunnel.Observation;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Relaying;

namespace Ambient.Ztunnel.Inbound;

/// <summary>
/// A connection to 15008: it waits for the pod's workload and certificate, then becomes an HBONE session whose CONNECTs are
/// <see cref="InboundStream"/>s. Loop-affine.
/// </summary>
internal sealed class InboundConnection(PodLoop pod, SocketAddress peer) : SessionOwner, IWorkloadWaiter, IDeadlineOwner, ILoopFault
{
    private int _fd = -1;
    private Deadline? _deadline;
    private IpPort _local;
    private IDisposable? _revocation;

    public PodLoop Pod => pod;

    /// <summary>The caller.</summary>
    public IpPort Peer { get; } = peer.ToModel();

    /// <summary>The pod's address and 15008.</summary>
    public IpPort Local => _local;

    /// <summary>Takes an accepted socket.</summary>
    public void Begin(int fd)
    {
        pod.ProxyLoop.Traffic.SocketOpened(Reporter.Destination);
        _fd = fd;
        pod.Expect(this);
        SocketIo.LocalAddress(fd, out SocketAddress local);
        _local = local.ToModel();
        FindWorkload();
    }

    /// <inheritdoc/>
    void IWorkloadWaiter.OnViewChanged() => FindWorkload();

    /// <inheritdoc/>
    void IDeadlineOwner.OnDeadline() => Fail($"failed to fetch information about local workload: {pod.Local}");

    /// <summary>Ends it while it still waits for workload or certificate; afterwards its session is what can be ended.</summary>
    public void Cut(string detail) => Fail(detail);

    /// <inheritdoc/>
    public override void OnEstablished(Session session) => _revocation = pod.WatchRevocation(session, Reporter.Destination);

    /// <inheritdoc/>
    public override void OnConnect(Session session, TunnelStream stream, ConnectRequest request)
    {
        InboundStream inbound = new(this, session.Peer?.Identity);
        try
        {
            inbound.Begin(stream, request);
        }
        catch (Exception e)
        {
            // The other streams of the tunnel have no part in it.
            pod.Loop.EndAtFault(inbound, e);
        }
    }

    /// <inheritdoc/>
    public override void OnAbandoned(Session session, TunnelStream stream, in StreamClosure closure) =>
        (stream.Tag as InboundStream)?.Abandon(closure);

    /// <inheritdoc/>
    public override void OnClosed(Session session, CloseReason reason, string detail)
    {
        if (session.Peer is null && CloseReasons.Describe(reason).IsFailure)
        {
            pod.ProxyLoop.Traffic.AccessLog.Failed(ConnectionRecord.Address(Peer), ConnectionRecord.Address(_local), false, $"tls handshake error: {detail}");
            if (reason == CloseReason.Revoked)
            {
                pod.ProxyLoop.Traffic.Metrics.RevocationRejections(Reporter.Destination).Increment();
            }
        }

        _revocation?.Dispose();
        pod.ProxyLoop.Traffic.SocketClosed(Reporter.Destination);
        pod.Untrack(session);
    }

    /// <inheritdoc/>
    void ILoopFault.OnFault(Exception exception)
    {
        if (_fd >= 0)
        {
            Fail(exception.Message);
        }
    }

    private void FindWorkload()
    {
        if (pod.FindLocal() is { } workload)
        {
            StopWaiting();
            FetchCertificate(workload);
        }
        else if (_deadline is null)
        {
            pod.Wait(this);
            _deadline = new Deadline(this);
            pod.Loop.Timers.Schedule(_deadline, pod.Loop.NowMilliseconds + (long)pod.Context.Options.WorkloadWait.TotalMilliseconds);
        }
    }

    private void FetchCertificate(Workload workload)
    {
        if (pod.Context.Certificates.TryGet(workload.Identity, out WorkloadCertificate? certificate))
        {
            OnCertificate(certificate, null);
        }
        else
        {
            CertificateWait.Begin(pod, workload.Identity, OnCertificate);
        }
    }

    private void OnCertificate(WorkloadCertificate? certificate, string? error)
    {
        // Cut while the certificate was on its way.
        if (_fd < 0)
        {
            return;
        }

        TlsContext? tls = null;
        if (certificate is null || !pod.Context.Tls.TryGet(certificate, out tls, out error))
        {
            Fail($"signing error: {error}");
            return;
        }

        pod.NoLongerExpect(this);
        PeerRequirement requirement = new PeerRequirement.SameTrustDomain(certificate.Identity.TrustDomain);

        // The descriptor is the session's from here on, whatever happens: its number may soon be another connection's.
        int fd = _fd;
        _fd = -1;
        try
        {
            pod.Track(Session.Accept(pod.Loop, pod.Context.Options.Hbone, tls, requirement, fd, this));
        }
        catch (LinuxException unwatched)
        {
            Report(unwatched.Message);
        }
    }

    private void StopWaiting()
    {
        pod.StopWaiting(this);
        if (_deadline is not null)
        {
            pod.Loop.Timers.Cancel(_deadline);
        }
    }

    private void Fail(string text)
    {
        StopWaiting();
        pod.NoLongerExpect(this);
        SocketIo.CloseWithReset(_fd);
        _fd = -1;
        Report(text);
    }

    private void Report(string text)
    {
        pod.ProxyLoop.Traffic.AccessLog.Failed(ConnectionRecord.Address(Peer), ConnectionRecord.Address(_local), false, text);
        pod.ProxyLoop.Traffic.SocketClosed(Reporter.Destination);
    }
}
