namespace Ambient.Kubernetes.Resources.Coordination;

/// <summary>Who reports an event. Immutable.</summary>
public sealed record EventSource
{
    /// <summary><c>component</c>.</summary>
    public string Component { get; init => field = value ?? ""; } = "";

    /// <summary><c>host</c>.</summary>
    public string Host { get; init => field = value ?? ""; } = "";
}
