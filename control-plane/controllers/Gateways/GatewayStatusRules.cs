using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Services;

namespace Ambient.ControlPlane.Controllers.Gateways;

/// <summary>What a Gateway's status says (control-plane reference 7.6), from what is there and not from what was asked. A pure function.</summary>
public static class GatewayStatusRules
{
    private static readonly string[] Ours = ["Accepted", "Programmed", "ResolvedRefs"];
    private static readonly string[] OfListeners = ["Accepted", "Conflicted", "Programmed", "ResolvedRefs"];

    /// <summary>The status as it should be; null when it is so already.</summary>
    /// <param name="gateway">The Gateway.</param>
    /// <param name="kind">Its class.</param>
    /// <param name="facts">What is there.</param>
    /// <param name="problem">Why its objects cannot be made; null: they can.</param>
    /// <param name="domainSuffix">The cluster's domain.</param>
    /// <param name="now">The time of what changes.</param>
    public static JsonObject? Status(Gateway gateway, ManagedClass kind, GatewayFacts facts, string? problem, string domainSuffix, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(facts);
        IReadOnlyList<GatewayAddress> addresses = Addresses(gateway, kind, facts, domainSuffix);
        Condition accepted = Accepted(gateway, facts, problem), programmed = Programmed(gateway, kind, facts, addresses, domainSuffix);
        long generation = gateway.Metadata.Generation;
        IReadOnlyList<Condition>? conditions = ConditionList.Merge(
            gateway.Status.Conditions,
            [accepted, programmed, new Condition { Type = "ResolvedRefs", Status = "True", Reason = "ResolvedRefs", Message = "All references resolved" }],
            Ours,
            generation,
            now);
        bool isRemote = kind.Name == "istio-remote";
        (JsonArray Json, bool IsSame) listeners = isRemote ? ([], gateway.Status.Listeners.Count == 0) : Listeners(gateway, kind, facts, programmed, now);
        bool isSame = conditions is null && listeners.IsSame && addresses.SequenceEqual(gateway.Status.Addresses);
        return isSame ? null : new JsonObject
        {
            ["addresses"] = new JsonArray([.. addresses.Select(static address => (JsonNode)new JsonObject { ["type"] = address.Type, ["value"] = address.Value })]),
            ["conditions"] = ConditionList.ToJson(conditions ?? gateway.Status.Conditions),
            ["listeners"] = listeners.Json,
        };
    }

    /// <summary>
    /// What of the status is ours to say, as text without times: the same as long as nothing about it is new, whatever others write meanwhile. So without what is there: kept
    /// addresses would be theirs, and another address each time would be news.
    /// </summary>
    internal static string Wanted(Gateway gateway, ManagedClass kind, GatewayFacts facts, string? problem, string domainSuffix)
    {
        Gateway unsaid = gateway with { Status = gateway.Status with { Addresses = [], Conditions = [], Listeners = [] } };
        return Status(unsaid, kind, facts, problem, domainSuffix, DateTimeOffset.UnixEpoch)!.ToJsonString();
    }

    /// <summary>A managed Gateway has addresses once somebody answers there, and keeps them; others have those that they name.</summary>
    private static IReadOnlyList<GatewayAddress> Addresses(Gateway gateway, ManagedClass kind, GatewayFacts facts, string domainSuffix)
    {
        if (!kind.Deploys || !GatewayRendering.IsManaged(gateway))
        {
            return [.. gateway.Spec.Addresses.Where(static address => address.Value.Length > 0).Select(static address => address with { Type = address.Type is { Length: > 0 } type ? type : "IPAddress" })];
        }

        if (facts.Service is not { } service || (!facts.HasEndpoint && gateway.Status.Addresses.Count == 0))
        {
            return gateway.Status.Addresses;
        }

        if ((kind.IsForOtherNetworks || kind.IsIngress) && service.Spec.Type == "LoadBalancer")
        {
            // Others do not reach what is inside: until somebody has given it an address, it has none.
            GatewayAddress[] outside = [.. service.Status.LoadBalancer.Ingress
                .Select(static given => given.Ip is { Length: > 0 } ip ? new GatewayAddress { Type = "IPAddress", Value = ip } : new GatewayAddress { Type = "Hostname", Value = given.Hostname ?? "" })
                .Where(static address => address.Value.Length > 0)];
            return outside.Length > 0 ? outside : gateway.Status.Addresses;
        }

        var addresses = new List<GatewayAddress> { new() { Type = "Hostname", Value = $"{service.Metadata.Name}.{service.Metadata.Namespace}.svc.{domainSuffix}" } };
        if (service.Spec.ClusterIP is { Length: > 0 } ip and not "None")
        {
            addresses.Add(new GatewayAddress { Type = "IPAddress", Value = ip });
        }

        return addresses;
    }

    private static Condition Accepted(Gateway gateway, GatewayFacts facts, string? problem)
    {
        if (problem is not null)
        {
            return False("Accepted", "InvalidParameters", problem);
        }

        if (Strange(gateway) is { } strange)
        {
            return False("Accepted", "UnsupportedAddress", strange);
        }

        return facts.Listeners is { Count: > 0 } listeners && listeners.All(static listener => listener.Wanted.Any(static condition => condition is { Type: "Accepted", Status: "False" }))
            ? False("Accepted", "ListenersNotValid", "no listener is accepted; their conditions say why")
            : new Condition { Type = "Accepted", Status = "True", Reason = "Accepted", Message = "Resource accepted" };
    }

    private static string? Strange(Gateway gateway) =>
        gateway.Spec.Addresses.FirstOrDefault(static address => address.Type is not (null or "" or "IPAddress" or "Hostname")) is { } strange ? $"only Hostname and IPAddress are supported, not {strange.Type}" : null;

    /// <summary>Which ports are missing, and what was perhaps meant.</summary>
    private static string Missing(int[] missing, Service service, string host)
    {
        string hint = string.Join(", ", service.Spec.Ports.Where(port => port.TargetPort.Number is { } target && missing.Contains(target)).Select(static port => $"{port.TargetPort.Number} is the target of port {port.Port}, which is the one to name"));
        return $"port {string.Join(", ", missing)} not found for hostname \"{host}\"; its ports are {string.Join(", ", service.Spec.Ports.Select(static port => port.Port))}{(hint.Length > 0 ? $" ({hint})" : "")}";
    }

    private static Condition Programmed(Gateway gateway, ManagedClass kind, GatewayFacts facts, IReadOnlyList<GatewayAddress> addresses, string domainSuffix)
    {
        if (kind.Name == "istio-remote")
        {
            return True("Programmed", "This resource is remote and is not programmed here");
        }

        if (Strange(gateway) is { } strange)
        {
            return False("Programmed", "UnsupportedAddress", strange);
        }

        string host = $"{GatewayRendering.NameOf(gateway, kind)}.{gateway.Metadata.Namespace}.svc.{domainSuffix}";
        if (!kind.Deploys || !GatewayRendering.IsManaged(gateway))
        {
            return addresses.Count > 0 ? True("Programmed", $"Resource programmed, named addresses: {string.Join(", ", addresses.Select(static address => address.Value))}") : False("Programmed", "AddressNotAssigned", "spec.addresses is empty");
        }

        if (facts.Service is not { } service)
        {
            return False("Programmed", "AddressNotUsable", $"hostname \"{host}\" not found");
        }

        int[] missing = [.. gateway.Spec.Listeners.Where(listener => facts.Listeners?.FirstOrDefault(said => said.Name == listener.Name)?.IsServing != false).Select(static listener => listener.Port).Where(port => service.Spec.Ports.All(known => known.Port != port)).Distinct()];
        if (missing.Length > 0)
        {
            return False("Programmed", "AddressNotUsable", Missing(missing, service, host));
        }

        if (kind.IsIngress && service.Spec.Type == "LoadBalancer" && facts.HasEndpoint && addresses.Count == 0)
        {
            return False("Programmed", "AddressNotAssigned", $"the load balancer of \"{host}\" has no address yet");
        }

        return addresses.Count > 0
            ? True("Programmed", $"Resource programmed, assigned to service(s) {string.Join(" and ", gateway.Spec.Listeners.Select(listener => $"{host}:{listener.Port}").Distinct())}")
            : kind.IsForOtherNetworks && facts.HasEndpoint ? False("Programmed", "AddressNotAssigned", $"assigned to service {host}, waiting for its load balancer's address")
            : False("Programmed", "AddressNotUsable", $"no instances found for hostname \"{host}\"");
    }

    private static (JsonArray Json, bool IsSame) Listeners(Gateway gateway, ManagedClass kind, GatewayFacts facts, Condition programmed, DateTimeOffset now)
    {
        var json = new JsonArray();
        bool isSame = gateway.Status.Listeners.Count == gateway.Spec.Listeners.Count;
        foreach ((int at, Listener listener) in gateway.Spec.Listeners.Index())
        {
            ListenerStatus? there = gateway.Status.Listeners.FirstOrDefault(candidate => candidate.Name == listener.Name);
            bool isGood = IsServed(listener, kind);
            Condition accepted = isGood
                ? new Condition { Type = "Accepted", Status = "True", Reason = "Accepted", Message = "No errors found" }
                : False("Accepted", "UnsupportedProtocol", $"protocol \"{listener.Protocol}\" on port {listener.Port} is not supported: a {(kind.IsForOtherNetworks ? "gateway for other networks" : "waypoint")} has one listener, with protocol \"HBONE\" on port 15008{(kind.IsForOtherNetworks ? " and TLS mode Terminate" : "")}");
            ListenerConditions? said = kind.IsIngress ? facts.Listeners?.FirstOrDefault(candidate => candidate.Name == listener.Name) : null;
            int attached = said?.AttachedRoutes ?? there?.AttachedRoutes ?? 0;
            IReadOnlyList<Condition>? conditions = ConditionList.Merge(
                there?.Conditions ?? [],
                said is not null ? [.. said.Wanted, Programmed(said, programmed)] :
                [
                    accepted,
                    new Condition { Type = "Conflicted", Status = "False", Reason = "NoConflicts", Message = "No errors found" },
                    isGood ? programmed with { Type = "Programmed" } : False("Programmed", "Invalid", accepted.Message),
                    new Condition { Type = "ResolvedRefs", Status = "True", Reason = "ResolvedRefs", Message = "No errors found" },
                ],
                OfListeners,
                gateway.Metadata.Generation,
                now);
            IReadOnlyList<string> kinds = said?.SupportedKinds ?? [];
            isSame &= conditions is null && there is not null && there.AttachedRoutes == attached && there.SupportedKinds.Select(static kind => kind.Kind).SequenceEqual(kinds, StringComparer.Ordinal) && at < gateway.Status.Listeners.Count && gateway.Status.Listeners[at].Name == listener.Name;
            json.Add((JsonNode)new JsonObject
            {
                ["name"] = listener.Name,
                ["attachedRoutes"] = attached,
                ["supportedKinds"] = new JsonArray([.. kinds.Select(static kind => (JsonNode)new JsonObject { ["group"] = "gateway.networking.k8s.io", ["kind"] = kind })]),
                ["conditions"] = ConditionList.ToJson(conditions ?? there!.Conditions),
            });
        }

        return (json, isSame);
    }

    /// <summary>Waypoints and gateways for other networks have one port; TLS that is passed through by name is not built.</summary>
    private static bool IsServed(Listener listener, ManagedClass kind) => kind switch
    {
        { IsForOtherNetworks: true } => listener is { Port: 15008, Protocol: "HBONE", Tls: null or { Mode: "" or "Terminate" } },
        { Controller: ManagedClass.WaypointController } => listener is { Port: 15008, Protocol: "HBONE" },
        _ => true,
    };

    private static Condition Programmed(ListenerConditions said, Condition gateway) => said.IsServing ? gateway with { Type = "Programmed" }
        : said.Wanted.FirstOrDefault(static condition => condition is { Type: "Conflicted", Status: "True" }) is { } conflict ? False("Programmed", conflict.Reason, conflict.Message)
        : False("Programmed", "Invalid", said.Wanted.First(static condition => condition.Status == (condition.Type == "Conflicted" ? "True" : "False")).Message);

    private static Condition True(string type, string message) => new() { Type = type, Status = "True", Reason = type, Message = message };

    private static Condition False(string type, string reason, string message) => new() { Type = type, Status = "False", Reason = reason, Message = message };
}
