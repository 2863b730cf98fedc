using Ambient.Cni.Redirection.Rules;

namespace Ambient.Component.Tests.Ztunnel;

/// <summary>What a <see cref="MeshPair"/> has beyond the plainest case. Immutable.</summary>
internal sealed record MeshPlan
{
    /// <summary>Settings that tell the first node's ztunnel who it is itself in the model; in shared mode only.</summary>
    public static readonly (string Name, string Value)[] OwnPod = [("POD_NAME", "ztunnel"), ("POD_NAMESPACE", "mesh"), ("SERVICE_ACCOUNT", "ztunnel")];

    /// <summary>Policies of the model, YAML in flow style.</summary>
    public string Policies { get; init; } = "[]";

    /// <summary>Names of the policies that select the server.</summary>
    public string ServerPolicies { get; init; } = "[]";

    /// <summary>More settings of the client's proxy.</summary>
    public (string Name, string Value)[] ClientSettings { get; init; } = [];

    /// <summary>More settings of the server's proxy.</summary>
    public (string Name, string Value)[] ServerSettings { get; init; } = [];

    /// <summary>How many files the client's proxy may have open; null for the usual limit.</summary>
    public int? ClientDescriptors { get; init; }

    /// <summary>How many files the server's proxy may have open; null for the usual limit.</summary>
    public int? ServerDescriptors { get; init; }

    /// <summary>Whether the server is on a node of its own; client and stranger share the first.</summary>
    public bool IsTwoNodes { get; init; }

    /// <summary>Whether everything has addresses of both families, and both are captured.</summary>
    public bool IsDualStack { get; init; }

    /// <summary>How connections come to the proxies.</summary>
    public RedirectionMethod Method { get; init; } = RedirectionMethod.Sockets;

    /// <summary>Called once the pods are there; gives the plan to go on with.</summary>
    public Func<MeshPair, Task<MeshPlan>>? Prepare { get; init; }

    /// <summary>Called once the pods are there, before the ztunnels of the nodes start; in shared mode only.</summary>
    public Action<MeshPair>? PrepareShared { get; init; }
}
