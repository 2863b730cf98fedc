using System.Net;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Pods;

/// <summary>What a pod's redirection depends on. Immutable; equal by content.</summary>
public sealed record PodRules(PodSettings Settings, bool DnsCapture, IReadOnlyList<IPAddress> Addresses)
{
    /// <inheritdoc/>
    public bool Equals(PodRules? other) => other is not null
        && DnsCapture == other.DnsCapture
        && Settings.IngressMode == other.Settings.IngressMode
        && Settings.VirtualInterfaces.SequenceEqual(other.Settings.VirtualInterfaces)
        && Addresses.SequenceEqual(other.Addresses);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(DnsCapture, Settings.IngressMode, Settings.VirtualInterfaces.Count, Addresses.Count);
}
