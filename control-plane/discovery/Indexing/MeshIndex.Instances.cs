using Ambient.ControlPlane.Discovery.Waypoints;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.ControlPlane.Discovery.Indexing;

/// <summary>Who the instances of waypoints are: under which accounts the pods run that say they belong to one.</summary>
/// <remarks>
/// Whoever may create pods in the Gateway's namespace may run them under the Gateway's own account as well, so that a pod's word is as good as that.
/// </remarks>
public sealed partial class MeshIndex
{
    private const string WaypointClass = "istio-waypoint";
    private readonly Dictionary<ResourceKey, Dictionary<ResourceKey, string>> _instances = [];

    private static ResourceKey? InstanceOf(Pod? pod) => pod is { Status.Phase: not ("Failed" or "Succeeded") } && pod.Metadata.Labels.Find(InstanceLabel) is { Length: > 0 } gateway
        ? new ResourceKey(pod.Metadata.Namespace, gateway)
        : null;

    /// <summary>Notes under which account an instance runs; who depends on the waypoint hears of it when that is a new one, or the last of one is gone.</summary>
    private void SetInstance(ResourceKey pod, Pod? before, Pod? now)
    {
        ResourceKey? old = InstanceOf(before), current = InstanceOf(now);
        if (old == current && before?.Spec.ServiceAccountName == now?.Spec.ServiceAccountName)
        {
            return;
        }

        if (old is { } left && _instances.TryGetValue(left, out Dictionary<ResourceKey, string>? leaving) && leaving.Remove(pod, out string? gone))
        {
            if (!leaving.ContainsValue(gone))
            {
                MarkUsers(left);
            }

            if (leaving.Count == 0)
            {
                _instances.Remove(left);
            }
        }

        if (current is { } joined && now!.Spec.ServiceAccountName is { Length: > 0 } account)
        {
            if (!_instances.TryGetValue(joined, out Dictionary<ResourceKey, string>? members))
            {
                _instances[joined] = members = [];
            }

            if (!members.ContainsValue(account))
            {
                MarkUsers(joined);
            }

            members[pod] = account;
        }
    }

    /// <summary>
    /// The accounts that come from a waypoint: the one that it says it has, and those that its pods run under, for these stay what they were until the last of them is
    /// replaced.
    /// </summary>
    private IEnumerable<string> AccountsOf(WaypointGateway waypoint) =>
        _instances.TryGetValue(waypoint.Key, out Dictionary<ResourceKey, string>? members) ? members.Values.Prepend(waypoint.Account).Distinct(StringComparer.Ordinal) : [waypoint.Account];

    /// <summary>
    /// Whether it is known who comes from a waypoint. Of another's class, and where others deploy what stands behind it, only its pods tell: nobody is locked out for a name
    /// that was guessed.
    /// </summary>
    private bool IsInstanceKnown(ResourceKey key)
    {
        if (_instances.ContainsKey(key) || !_gateways.TryGetValue(key, out Gateway? gateway))
        {
            return true;
        }

        string name = gateway.Spec.GatewayClassName;
        bool isOurs = _classes.TryGetValue(name, out GatewayClass? found) ? found.Spec.ControllerName == MeshController : name is "" or WaypointClass;
        return isOurs && gateway.Spec.Addresses is [] or [{ Type: null or "" or "IPAddress" }] && _waypoints.GetValueOrDefault(key)?.Binding is null;
    }
}
