namespace Ambient.ControlPlane.Discovery.Clusters;

/// <summary>Who a workload on another network is. Immutable.</summary>
/// <param name="TrustDomain">Its trust domain.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="ServiceAccount">Its account; empty: it has no identity.</param>
internal readonly record struct FarIdentity(string TrustDomain, string Namespace, string ServiceAccount)
{
    /// <summary>As services list it.</summary>
    public override string ToString() => $"spiffe://{TrustDomain}/ns/{Namespace}/sa/{ServiceAccount}";
}
