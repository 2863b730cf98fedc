using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Routing;
using Ambient.Ztunnel.Observation;
using Ambient.Ztunnel.Proxying;

namespace Ambient.Ztunnel.Outbound;

/// <content>Where the connection goes: what the model says, after what it still lacks was asked for (ztunnel.md 3.3, 4.5).</content>
internal sealed partial class OutboundConnection
{
    private void FindSource()
    {
        _source = _pod.FindLocal();
        if (_source is not null)
        {
            _pod.StopWaiting(this);
            Resolve();
        }
        else if (_deadline is null)
        {
            _pod.Wait(this);
            Arm(_pod.Context.Options.WorkloadWait);
        }
    }

    private void Resolve()
    {
        _pod.StopWaiting(this);
        Disarm();
        _resources ??= ResourceWait.For(_pod);
        Take(FindDestination());
    }

    private Destination FindDestination()
    {
        OutboundQuery query = new()
        {
            Source = _source,
            Local = _pod.Local,
            SourceAddress = _record.Source.Address,
            Target = _target,
            OwnNetwork = _pod.Context.Options.Network,
            IllegalPorts = _pod.Context.Options.IllegalPorts,
            Random = _pod.ProxyLoop.Random,
            AskedResources = _resources?.Asked,
            Avoided = _failed,
        };
        return DestinationResolver.Resolve(_pod.View, query);
    }

    private void Take(Destination destination)
    {
        _destination = destination;
        switch (destination)
        {
            case Refused refused:
                Fail(refused.Reason, refused.Text);
                break;
            case Direct direct:
                Open(direct.Dial, null, TransportProtocol.Tcp);
                ConnectPlain(direct.Dial);
                break;
            case Tunnel tunnel:
                Open(tunnel.Dial, tunnel.Authority, TransportProtocol.Hbone);
                FetchCertificate();
                break;
            case NestedTunnel:
                FetchCertificate();
                break;
            case NeedsName name:
                ResolveName(name);
                break;
            case NeedsResource resource:
                _phase = OutboundPhase.Asking;
                _resources!.Begin(resource.ResourceName, OnResource);
                break;
            default:
                throw new InvalidOperationException($"no way leads to a {destination.GetType().Name}");
        }
    }

    private void OnResource(string name, bool isAnswered)
    {
        if (_phase != OutboundPhase.Asking)
        {
            return;
        }

        if (isAnswered)
        {
            Resolve();
        }
        else
        {
            Fail(CloseReason.DiscoveryTimeout, $"the control plane did not answer for {name}");
        }
    }

    private void ResolveName(NeedsName name)
    {
        _phase = OutboundPhase.Resolving;
        _pod.ProxyLoop.Traffic.Metrics.CountOnDemandDns(_source!, name.Hostname);
        NameLookup.Begin(name.Hostname, _pod.Loop, OnNameResolved);
    }

    private void OnNameResolved(System.Net.IPAddress[] addresses)
    {
        if (_phase == OutboundPhase.Resolving)
        {
            IpAddress[] found = Array.ConvertAll(addresses, a => IpAddress.From(a.GetAddressBytes()));
            Take(((NeedsName)_destination!).Complete(found, _pod.ProxyLoop.Random));
        }
    }
}
