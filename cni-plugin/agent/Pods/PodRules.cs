using System.Net;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Pods;

/// <summary>What a pod's redirection depends on. Immutable; equal by content.</summary>
public sealed record PodRules(PodSettings Settings, bool DnsCapture, IReadOnlyList<IPAddress> Addresses)
{
    /// <summary>The mark of the proxy's packets; 0 for the well-known one. A secret, never logged.</summary>
    public uint Mark { get; init; }

    /// <inheritdoc/>
    public bool Equals(PodRules? other) => other is not null
        && DnsCapture == other.DnsCapture
        && Mark == other.Mark
        && Settings.IngressMode == other.Settings.IngressMode
        && Settings.VirtualInterfaces.SequenceEqual(other.Settings.VirtualInterfaces)
        && Addresses.SequenceEqual(other.Addresses);

    /// <inheritdoc/>
    public override string ToString() => $"rules for {string.Join(", ", Addresses)}";

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(DnsCapture, Settings.IngressMode, Settings.VirtualInterfaces.Count, Addresses.Count);
}
