using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Pool;
using Ambient.Hbone.Sessions;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Routing;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;
using Ambient.Ztunnel.Observation;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Relaying;

namespace Ambient.Ztunnel.Outbound;

/// <summary>
/// The inner tunnel of double HBONE (ztunnel.md 2.9): a session of its own over a socket pair whose other end is relayed through the outer stream.
/// Two more copies per byte, for traffic between networks only, keep a second kind of transport out of the engine. Loop-affine.
/// </summary>
internal sealed class InnerTunnel : SocketEndpoint
{
    private Session? _inner;

    private InnerTunnel()
    {
    }

    /// <summary>Opens the outer stream, the inner session over it, and the inner stream for the endpoint. The inner session ends with it.</summary>
    public static void Open(PodLoop pod, PoolKey key, ITunnelDialer dialer, NestedTunnel nested, ConnectRequest outer, ConnectRequest inner, TlsContext tls, StreamEndpoint endpoint)
    {
        SysResult pair = SocketIo.SocketPair(out int near, out int far);
        if (pair.IsError)
        {
            endpoint.OnClosed(new StreamClosure(CloseReason.OutOfResources, Http2Error.ConnectError, false, 0, $"io error: {pair}"));
            return;
        }

        InnerTunnel tunnel = new();
        int unowned = far;
        try
        {
            tunnel.Socket.Watch(pod.Loop, near);
            unowned = -1;
            tunnel._inner = Session.Connect(pod.Loop, pod.Context.Options.Hbone with { PoolMaxStreams = 1 }, tls, new PeerRequirement.AnyOf(nested.InnerIdentities), far, new Owner(pod, tunnel));
        }
        catch (LinuxException unwatched)
        {
            tunnel.Socket.Close(reset: true);
            SocketIo.Close(unowned);
            endpoint.OnClosed(new StreamClosure(CloseReason.OutOfResources, Http2Error.ConnectError, false, 0, unwatched.Message));
            return;
        }

        tunnel._inner.Open(inner, endpoint);
        pod.Pool.Acquire(key, dialer, outer, tunnel);
    }

    /// <inheritdoc/>
    public override void OnOpened(in ConnectResponse response)
    {
        Socket.IsReadable = true;
        ResumeReading();
    }

    /// <inheritdoc/>
    public override void OnSocketEvents(AppSocket socket, PollEvents events)
    {
        if (Stream is { } stream && !stream.IsClosed)
        {
            base.OnSocketEvents(socket, events);
        }
    }

    /// <inheritdoc/>
    protected override void OnBytesFromSocket(long bytes)
    {
        // The inner stream counts the application's bytes.
    }

    /// <inheritdoc/>
    protected override void OnBytesToSocket(long bytes)
    {
        // The inner stream counts the application's bytes.
    }

    /// <inheritdoc/>
    protected override void OnEnded(in StreamClosure closure)
    {
        // After an orderly end the inner session still reads what lies in the socket pair, and the end behind it.
        if (!IsGraceful(closure))
        {
            _inner?.Abort(closure.Reason, closure.HttpStatus > 0 ? HttpStatusText.Describe(closure.HttpStatus) : closure.Detail ?? "the outer tunnel ended");
        }
    }

    private sealed class Owner(PodLoop pod, InnerTunnel tunnel) : SessionOwner
    {
        private IDisposable? _revocation;

        public override void OnEstablished(Session session) => _revocation = pod.WatchRevocation(session, Reporter.Source);

        public override void OnRoom(Session session)
        {
            if (session.ActiveStreams == 0)
            {
                session.Drain();
            }
        }

        public override void OnClosed(Session session, CloseReason reason, string detail)
        {
            _revocation?.Dispose();

            // What an inner session says last is still in the socket pair; its end follows and becomes the outer stream's.
            if (reason != CloseReason.Completed)
            {
                tunnel.Stream?.Reset(Http2Error.Cancel, reason, detail);
            }
        }
    }
}
