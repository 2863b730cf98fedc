using Ambient.Grpc.Framing;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Server.Resources;

namespace Ambient.Xds.Server.Sessions;

/// <summary>
/// One client's stream without its transport: requests go in, responses that are due come out (control-plane reference 5.4 to 5.7).
/// Thread-safe: requests may come while responses are made.
/// </summary>
internal sealed partial class DeltaSession(ResourceStore store, DeltaSessionLimits limits, TimeProvider clock, NameBudget? budget = null)
{
    private const string Wildcard = "*";
    private const int NamesForLog = 8;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, TypeSubscription> _types = new(StringComparer.Ordinal);
    private string _node = "";
    private string? _owner;
    private long _responses;
    private long _names;

    /// <summary>Says where the client runs: what is there comes unasked to on-demand clients; and whose resources it may have. Before the first request.</summary>
    internal void SetNode(string node, string? owner = null)
    {
        lock (_gate)
        {
            (_node, _owner) = (node, owner);
        }
    }

    /// <summary>Takes a request.</summary>
    /// <exception cref="GrpcException">It asks for more than one client may.</exception>
    internal RequestKind Take(DeltaDiscoveryRequest request, out string? refusal)
    {
        refusal = null;
        lock (_gate)
        {
            if (!_types.TryGetValue(request.TypeUrl, out TypeSubscription? type))
            {
                if (_types.Count >= limits.MaxTypes)
                {
                    throw new GrpcException(GrpcCode.ResourceExhausted, $"one stream may ask for {limits.MaxTypes} types");
                }

                _types[request.TypeUrl] = Open(request);
                CheckBudget();
                return RequestKind.First;
            }

            RequestKind kind = TakeAnswer(type, request, ref refusal);
            if (request.ResourceNamesSubscribe.Count + request.ResourceNamesUnsubscribe.Count == 0)
            {
                return kind;
            }

            ChangeNames(type, request);
            CheckBudget();
            return kind is RequestKind.Ack or RequestKind.Nack ? kind : RequestKind.Subscription;
        }
    }

    /// <summary>The client is gone: its names are nobody's.</summary>
    internal void Leave()
    {
        lock (_gate)
        {
            budget?.TryChange(-_names);
            _names = 0;
        }
    }

    /// <summary>How each type stands.</summary>
    internal IReadOnlyList<XdsTypeStatus> Status()
    {
        lock (_gate)
        {
            return [.. _types.Values.Select(static type => new XdsTypeStatus(type.TypeUrl, type.IsWildcard && type.Needs is null, type.Moment, type.AckedMoment, type.Told.Count, type.Refusal)
            {
                Refused = type.Refused.All,
                AwaitingSince = type.Unanswered.Since,
            })];
        }
    }

    /// <summary>What the first request of a type asks for: everything where it names nothing, or leaves <c>*</c> after its unsubscriptions (5.4); else what it names.</summary>
    private TypeSubscription Open(DeltaDiscoveryRequest request)
    {
        if (store.FindTable(request.TypeUrl) is { IsOwned: true })
        {
            // Whatever is asked for by name: an owner has all that is its own, and nothing else.
            return _owner is null
                ? throw new GrpcException(GrpcCode.PermissionDenied, $"resources of the type {request.TypeUrl} are for the waypoint that they are made for, which this caller is not")
                : new TypeSubscription(request.TypeUrl, isWildcard: true) { Initial = request.InitialResourceVersions.Count > 0 ? request.InitialResourceVersions : null };
        }

        var names = new HashSet<string>(request.ResourceNamesSubscribe, StringComparer.Ordinal);
        bool isWildcard = names.Count == 0 || (names.Contains(Wildcard) && !request.ResourceNamesUnsubscribe.Contains(Wildcard));
        var type = new TypeSubscription(request.TypeUrl, isWildcard)
        {
            MayBeLimited = isWildcard && MayBeLimited(request.TypeUrl),
            Initial = request.InitialResourceVersions.Count > 0 ? request.InitialResourceVersions : null,
        };
        if (!isWildcard || type.MayBeLimited)
        {
            // What a client holds that is told what it needs is no subscription.
            names.UnionWith(isWildcard ? [] : request.InitialResourceVersions.Keys);
            names.ExceptWith(request.ResourceNamesUnsubscribe);
            names.Remove(Wildcard);
            CheckNames(names.Count);
            type.Subscribed.UnionWith(names);
            type.Asked.UnionWith(names);
        }

        return type;
    }

    private RequestKind TakeAnswer(TypeSubscription type, DeltaDiscoveryRequest request, ref string? refusal)
    {
        bool isLast = request.ResponseNonce.Length > 0 && request.ResponseNonce == type.LastNonce;

        // What is due may go out in several responses, and any of them may be the one that is refused. An earlier one that is accepted shows that the client is not stuck.
        if (!type.Unanswered.TryAnswer(request.ResponseNonce, out long moment) && !isLast)
        {
            return RequestKind.Stale;
        }

        if (isLast)
        {
            type.Refused.OnLastAnswered();
        }
        else if (request.ErrorDetail is null)
        {
            return RequestKind.Stale;
        }

        if (request.ErrorDetail is { } detail)
        {
            // Nothing is sent again for it: the next change brings the client what it can take.
            string names = !isLast ? "others before the last" : type.LastSent.Names.Count == 0 ? "removals only" : string.Join(", ", type.LastSent.Names);
            type.Refusal = detail.Message.Length > 1024 ? detail.Message[..1024] : detail.Message;
            type.Refused.OnRefused(detail.Message, isLast && type.LastSent.Names.Count == 1 ? type.LastSent.Names[0] : null, name => IsThere(type.TypeUrl, name, isLast ? long.MaxValue : moment));
            refusal = $"{type.Refusal} (the response had {names})";
            return RequestKind.Nack;
        }

        type.Refusal = null;
        type.AckedMoment = type.LastSent.Moment;
        return RequestKind.Ack;
    }

    /// <summary>Whether a resource is there as it was at a moment; one that changed since is sent anew, and judged by the answer to that.</summary>
    private bool IsThere(string typeUrl, string name, long moment)
    {
        lock (store.Gate)
        {
            return store.FindTable(typeUrl)?.ChangedAt(name) <= moment;
        }
    }

    private void ChangeNames(TypeSubscription type, DeltaDiscoveryRequest request)
    {
        type.IsAnswerDue = true;
        foreach (string name in request.ResourceNamesUnsubscribe)
        {
            type.Asked.Remove(name);

            // Only what the client had: names that it invents would be kept for as long as it does not read.
            bool wasHad = type.Subscribed.Remove(name) || type.Told.ContainsKey(name);
            _ = type.Needs is null ? type.Told.Remove(name) : wasHad && type.GivenUp.Add(name);
        }

        foreach (string name in request.ResourceNamesSubscribe)
        {
            if (name != Wildcard && store.FindTable(type.TypeUrl) is { IsOwned: true })
            {
                continue;
            }

            if (name != Wildcard)
            {
                type.Asked.Add(name);
                _ = (type.IsWildcard && !type.MayBeLimited) || type.Subscribed.Add(name);
            }
            else if (type.IsWildcard)
            {
                type.IsEverythingDue = true;
            }
        }

        CheckNames(type.Names);
    }

    private void CheckBudget()
    {
        long now = CountNames();
        if (budget?.TryChange(now - _names) == false)
        {
            throw new GrpcException(GrpcCode.ResourceExhausted, "all clients together have subscribed to as many names as this control plane bears; leave the names out to have all resources");
        }

        _names = now;
    }

    private long CountNames() => _types.Values.Sum(static type => (long)type.Names);

    /// <summary>Gives back what is not remembered any more once the client is answered.</summary>
    private void ReturnBudget()
    {
        long now = CountNames();
        if (now < _names)
        {
            budget?.TryChange(now - _names);
            _names = now;
        }
    }

    private void CheckNames(int count)
    {
        if (count > limits.MaxNames)
        {
            throw new GrpcException(GrpcCode.ResourceExhausted, $"one client may subscribe to {limits.MaxNames} names; leave the names out to have all resources");
        }
    }
}
