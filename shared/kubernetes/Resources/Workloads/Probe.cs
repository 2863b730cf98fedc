namespace Ambient.Kubernetes.Resources.Workloads;

/// <summary>How the kubelet looks after a container, or what it calls when one starts or stops. Immutable.</summary>
public sealed record Probe
{
    /// <summary><c>httpGet</c>.</summary>
    public ProbeTarget? HttpGet { get; init; }

    /// <summary><c>tcpSocket</c>.</summary>
    public ProbeTarget? TcpSocket { get; init; }

    /// <summary><c>grpc</c>.</summary>
    public ProbeTarget? Grpc { get; init; }
}
