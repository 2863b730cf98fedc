using Ambient.Hbone.Headers;
using Ambient.Hbone.Sessions;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Routing;

namespace Ambient.Ztunnel.Outbound;

/// <content>
/// From an endpoint that fails to another of the same Service. Upstream's proxy tries one endpoint and gives up (ztunnel.md 3.6); since
/// nothing of the application is read before its connection stands, trying another is safe whatever the protocol.
/// </content>
internal sealed partial class OutboundConnection
{
    /// <summary>Endpoints beyond the first that a connection may try.</summary>
    private const int MaxFailedEndpoints = 2;

    private HashSet<string>? _failed;

    /// <inheritdoc/>
    public override void OnClosed(in StreamClosure closure)
    {
        if (_phase == OutboundPhase.Tunnelling && IsOfEndpoint(closure))
        {
            FailAttempt(closure.Reason, Text(closure) ?? CloseReasons.Describe(closure.Reason).Code);
        }
        else
        {
            base.OnClosed(closure);
        }
    }

    /// <inheritdoc/>
    protected override void OnEnded(in StreamClosure closure) => End(closure.Reason, Text(closure));

    private static string? Text(in StreamClosure closure) => closure.HttpStatus > 0 ? HttpStatusText.Describe(closure.HttpStatus) : closure.Detail;

    // Whether another endpoint may do better: never after a policy, the pod's own end, or the application's.
    private bool IsOfEndpoint(in StreamClosure closure) => closure.Reason switch
    {
        CloseReason.ConnectFailed or CloseReason.HboneConnectTimeout or CloseReason.HandshakeTimeout or CloseReason.KeepAliveTimeout => true,
        CloseReason.TlsFailure or CloseReason.PeerIdentityMismatch or CloseReason.Revoked or CloseReason.Http2Failure or CloseReason.ProtocolError => true,
        CloseReason.PeerReset or CloseReason.SendFailed or CloseReason.ReceiveFailed or CloseReason.EndpointRemoved => true,

        // A waypoint that does not serve the service may have served it when it was chosen. It has waited for news already, so who looks again finds where the service is reached now.
        CloseReason.Refused when closure.HttpStatus == 404 => _destination is Tunnel { ViaWaypoint: true } or NestedTunnel { ViaWaypoint: true },

        // Without a status it was the gateway of another network that refused, and not the endpoint behind it.
        CloseReason.Refused => closure.HttpStatus == 503 || (closure.HttpStatus == 0 && _destination is NestedTunnel),
        _ => false,
    };

    // From now on the present endpoint is not chosen again.
    private void AvoidPresent()
    {
        if (_destination is Tunnel or NestedTunnel or Direct && _destination.Upstream is { } present)
        {
            _failed ??= new HashSet<string>(StringComparer.Ordinal);
            _failed.Add(present.Uid);
        }
    }

    // An endpoint that was not tried yet; null when the destination is not balanced, has no other, or enough of them failed.
    private Destination? FindOther()
    {
        if (_failed is null || _failed.Count > MaxFailedEndpoints)
        {
            return null;
        }

        Destination destination = FindDestination();

        // Never from a tunnel to plain text: whoever can block port 15008 must not decide that.
        bool isAllowed = destination is Tunnel or NestedTunnel || (destination is Direct && _destination is Direct);
        return isAllowed && destination.Upstream is { } other && !_failed.Contains(other.Uid) ? destination : null;
    }

    private void LeaveEndpointThatIsGone()
    {
        const string Text = "the endpoint was removed before it had answered";
        if (_destination?.Upstream is not { } upstream || _pod.View.FindWorkloadByUid(upstream.Uid) is not null)
        {
            return;
        }

        AvoidPresent();
        if (FindOther() is null)
        {
            return;
        }

        if (Stream is { } stream)
        {
            stream.Reset(Hbone.Frames.Http2Error.Cancel, CloseReason.EndpointRemoved, Text);
        }
        else
        {
            FailAttempt(CloseReason.EndpointRemoved, Text);
        }
    }

    // Nothing of the application was read yet: if there is another endpoint, it has all of it.
    private void FailAttempt(CloseReason reason, string text)
    {
        _pod.StopWaiting(this);
        Disarm();
        _upstream?.Close(reset: true);
        _upstream = null;
        AvoidPresent();
        if (_phase != OutboundPhase.Ended && FindOther() is { } other)
        {
            _record.GiveUpAttempt(reason, text + "; another endpoint is tried");
            Take(other);
        }
        else
        {
            Fail(reason, text);
        }
    }
}
