namespace Ambient.Ztunnel.Pods;

/// <summary>One pod as the admin page shows it. Immutable.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="Proxy">Its proxy, or null while it waits for a retry.</param>
/// <param name="Error">Why it waits.</param>
public sealed record PodState(PodSpec Pod, IPodProxy? Proxy, string? Error)
{
    /// <summary>"Up" or "Pending".</summary>
    public string Phase => Proxy is null ? "Pending" : "Up";
}
