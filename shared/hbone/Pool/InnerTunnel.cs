using Ambient.EventLoop;
using Ambient.Hbone.Frames;
using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Hbone.Sockets;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Identities;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Verification;

namespace Ambient.Hbone.Pool;

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

    /// <summary>Opens the inner session and its stream for the endpoint; what is returned is to carry it. The session ends with its carrier.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="settings">How the session is made and kept.</param>
    /// <param name="tls">Our certificate.</param>
    /// <param name="expected">Who the far end may be.</param>
    /// <param name="watch">Asked when the far end is known; what it returns is disposed of with the session.</param>
    /// <param name="request">What the far end is asked for.</param>
    /// <param name="endpoint">Hears the outcome.</param>
    public static StreamEndpoint? Open(
        EventLoop.EventLoop loop, HboneSettings settings, TlsContext tls, IdentitySet expected, Func<Session, IDisposable?>? watch, ConnectRequest request, StreamEndpoint endpoint)
    {
        SysResult pair = SocketIo.SocketPair(out int near, out int far);
        if (pair.IsError)
        {
            endpoint.OnClosed(new StreamClosure(CloseReason.OutOfResources, Http2Error.ConnectError, false, 0, $"io error: {pair}"));
            return null;
        }

        InnerTunnel tunnel = new();
        int unowned = far;
        try
        {
            tunnel.Socket.Watch(loop, near);
            unowned = -1;
            tunnel._inner = Session.Connect(loop, settings, tls, new PeerRequirement.AnyOf(expected), far, new Owner(watch, tunnel));
        }
        catch (LinuxException unwatched)
        {
            tunnel.Socket.Close(reset: true);
            SocketIo.Close(unowned);
            endpoint.OnClosed(new StreamClosure(CloseReason.OutOfResources, Http2Error.ConnectError, false, 0, unwatched.Message));
            return null;
        }

        tunnel._inner.Open(request, endpoint);
        return tunnel;
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

    private sealed class Owner(Func<Session, IDisposable?>? watch, InnerTunnel tunnel) : SessionOwner
    {
        private IDisposable? _watch;

        public override void OnEstablished(Session session) => _watch = watch?.Invoke(session);

        public override void OnRoom(Session session)
        {
            if (session.ActiveStreams == 0)
            {
                session.Drain();
            }
        }

        public override void OnClosed(Session session, CloseReason reason, string detail)
        {
            _watch?.Dispose();

            // What an inner session says last is still in the socket pair; its end follows and becomes the outer stream's.
            if (reason != CloseReason.Completed)
            {
                tunnel.Stream?.Reset(Http2Error.Cancel, reason, detail);
            }
        }
    }
}
