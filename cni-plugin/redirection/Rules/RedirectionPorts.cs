namespace Ambient.Cni.Redirection.Rules;

/// <summary>The ports on which a pod's proxy listens (cni-and-redirection.md 0). Immutable.</summary>
public sealed record RedirectionPorts
{
    /// <summary>Where connections of the pod's applications go.</summary>
    public ushort Outbound { get; init; } = 15001;

    /// <summary>Where plaintext connections to the pod go.</summary>
    public ushort Inbound { get; init; } = 15006;

    /// <summary>The tunnel port, never redirected.</summary>
    public ushort Hbone { get; init; } = 15008;

    /// <summary>Where DNS queries of the pod go, UDP and TCP, on loopback.</summary>
    public ushort Dns { get; init; } = 15053;
}
