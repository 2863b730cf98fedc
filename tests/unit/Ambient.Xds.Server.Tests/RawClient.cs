using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Server.Resources;
using Ambient.Xds.Server.Sessions;

namespace Ambient.Xds.Server.Tests;

/// <summary>A delta client without transport: it keeps what it is told, and answers or not as a test wants.</summary>
internal sealed class RawClient(ResourceStore store, string node = "", DeltaSessionLimits? limits = null, NameBudget? budget = null, string? owner = null, TimeProvider? clock = null)
{
    private readonly Dictionary<string, Dictionary<string, string>> _held = new(StringComparer.Ordinal);
    private DeltaSession _session = Session(store, node, limits, budget, owner, clock);

    /// <summary>Version by name.</summary>
    public IReadOnlyDictionary<string, string> Held(string type = Make.AddressType) => Table(type);

    public IReadOnlyList<XdsTypeStatus> Status => _session.Status();

    /// <summary>A new stream; what is held stays.</summary>
    public void Reconnect()
    {
        _session.Leave();
        _session = Session(store, node, limits, budget, owner, clock);
    }

    /// <summary>The stream ends.</summary>
    public void Leave() => _session.Leave();

    public void OpenWildcard(string type = Make.AddressType) => Send(First(type));

    public void OpenOnDemand(string type = Make.AddressType)
    {
        DeltaDiscoveryRequest request = First(type);
        request.ResourceNamesSubscribe.Add("*");
        request.ResourceNamesUnsubscribe.Add("*");
        Send(request);
    }

    public DeltaDiscoveryRequest First(string type)
    {
        var request = new DeltaDiscoveryRequest { TypeUrl = type, Node = new Node { Id = "n" } };
        foreach ((string name, string version) in Table(type))
        {
            request.InitialResourceVersions[name] = version;
        }

        return request;
    }

    public RequestKind Send(DeltaDiscoveryRequest request) => _session.Take(request, out _);

    public RequestKind Subscribe(params string[] names) => Send(new DeltaDiscoveryRequest { TypeUrl = Make.AddressType, ResourceNamesSubscribe = { names } });

    public RequestKind Unsubscribe(params string[] names) => Send(new DeltaDiscoveryRequest { TypeUrl = Make.AddressType, ResourceNamesUnsubscribe = { names } });

    public RequestKind Refuse(DeltaDiscoveryResponse response, out string? refusal, string message = "bad thing") =>
        _session.Take(new DeltaDiscoveryRequest { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce, ErrorDetail = new Status { Message = message } }, out refusal);

    /// <summary>What is due, put into words ("+name" set, "-name" removed), kept and acknowledged.</summary>
    public string Receive() => string.Join(" | ", ReceiveAll().Select(Describe));

    public IReadOnlyList<DeltaDiscoveryResponse> ReceiveAll(bool acknowledge = true)
    {
        var responses = _session.Due().Select(Parse).ToList();
        foreach (DeltaDiscoveryResponse response in responses)
        {
            Apply(response);
            if (acknowledge)
            {
                Send(new DeltaDiscoveryRequest { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce });
            }
        }

        return responses;
    }

    private static DeltaSession Session(ResourceStore store, string node, DeltaSessionLimits? limits, NameBudget? budget, string? owner, TimeProvider? clock)
    {
        var session = new DeltaSession(store, limits ?? new DeltaSessionLimits(), clock ?? TimeProvider.System, budget);
        session.SetNode(node, owner);
        return session;
    }

    private static DeltaDiscoveryResponse Parse(Outgoing outgoing)
    {
        byte[] frame = [.. outgoing.ToParts().SelectMany(static part => part.ToArray())];
        Assert.Equal(frame.Length - 5, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(1)));
        return DeltaDiscoveryResponse.Parser.ParseFrom(frame, 5, frame.Length - 5);
    }

    private static string Describe(DeltaDiscoveryResponse response) => string.Join(
        ' ',
        new[] { response.TypeUrl == Make.AddressType ? "A" : response.TypeUrl == Make.PolicyType ? "P" : "?" }
            .Concat(response.Resources.Select(static resource => "+" + resource.Name).Order(StringComparer.Ordinal))
            .Concat(response.RemovedResources.Select(static name => "-" + name).Order(StringComparer.Ordinal)));

    private void Apply(DeltaDiscoveryResponse response)
    {
        Dictionary<string, string> table = Table(response.TypeUrl);
        foreach (string name in response.RemovedResources)
        {
            table.Remove(name);
        }

        foreach (Resource resource in response.Resources)
        {
            table[resource.Name] = resource.Version;
        }
    }

    private Dictionary<string, string> Table(string type) => _held.TryGetValue(type, out Dictionary<string, string>? table) ? table : _held[type] = new(StringComparer.Ordinal);
}
