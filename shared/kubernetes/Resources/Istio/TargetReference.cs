using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources.Istio;

/// <summary>What a policy is attached to. Immutable.</summary>
public sealed record TargetReference
{
    private const string Every = "*";
    private const string GatewayApi = "gateway.networking.k8s.io";

    /// <summary>Whatever there is, for a policy whose own targets cannot be read.</summary>
    public static TargetReference Everything { get; } = new() { Kind = Every, Name = Every };

    /// <summary>Whether it is <see cref="Everything"/>.</summary>
    [JsonIgnore]
    public bool IsEverything => Kind == Every;

    /// <summary>Whether it is a Service, whose group is empty and also called <c>core</c>.</summary>
    [JsonIgnore]
    public bool IsService => Group is "" or "core" && Kind == "Service";

    /// <summary>Whether it is a ServiceEntry.</summary>
    [JsonIgnore]
    public bool IsServiceEntry => Group == "networking.istio.io" && Kind == "ServiceEntry";

    /// <summary>Whether it is a Gateway.</summary>
    [JsonIgnore]
    public bool IsGateway => Group == GatewayApi && Kind == "Gateway";

    /// <summary>Whether it is a GatewayClass.</summary>
    [JsonIgnore]
    public bool IsGatewayClass => Group == GatewayApi && Kind == "GatewayClass";

    /// <summary>Whether it is of a kind that policies can be attached to.</summary>
    [JsonIgnore]
    public bool IsKnown => IsService || IsServiceEntry || IsGateway || IsGatewayClass;

    /// <summary>Whether it names another namespace than its policy's, where a policy has no say.</summary>
    /// <param name="policyNamespace">The namespace of the policy.</param>
    public bool IsElsewhere(string policyNamespace) => !string.IsNullOrEmpty(Namespace) && Namespace != policyNamespace;

    /// <summary><c>group</c>; empty is the core.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Group { get; init => field = value ?? ""; } = "";

    /// <summary><c>kind</c>.</summary>
    [JsonConverter(typeof(PooledStringConverter))]
    public string Kind { get; init => field = value ?? ""; } = "";

    /// <summary><c>name</c>.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary><c>namespace</c>.</summary>
    public string? Namespace { get; init; }

    /// <summary><c>sectionName</c>.</summary>
    public string? SectionName { get; init; }
}
