using System.Net;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Mesh.Addresses;

namespace Ambient.ControlPlane.Discovery.Workloads;

/// <summary>
/// Addresses that no endpoint may have, because they mean something else to everybody who dials them: Kubernetes refuses most of them in EndpointSlices and manual
/// Endpoints. Who could write them would have a waypoint talk to itself or to its node's metadata service. Pure functions.
/// </summary>
internal static class EndpointAddresses
{
    /// <summary>What is wrong with an endpoint's address, to be put behind the field's name; null: nothing.</summary>
    internal static string? Problem(string text)
    {
        if (text.Equals("localhost", StringComparison.OrdinalIgnoreCase) || text.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
        {
            return $"'{text}' is loopback";
        }

        if (!IPAddress.TryParse(text, out IPAddress? read) || text.AsSpan().IndexOfAny('.', ':') < 0)
        {
            return null;
        }

        string? kind = SpecialAddresses.KindOf(IpAddress.From(read.GetAddressBytes())) switch
        {
            SpecialAddress.Unspecified => "unspecified",
            SpecialAddress.Loopback => "loopback",
            SpecialAddress.LinkLocal => "link-local",
            SpecialAddress.Metadata => "a cloud's metadata service",
            SpecialAddress.Several => "not of one host",
            _ => null,
        };
        return kind is null ? null : $"'{text}' is {kind}";
    }

    /// <summary>What of a WorkloadEntry counts as absent.</summary>
    internal static string? Problem(WorkloadEntry entry) => Problem(entry.Spec.Address) is { } problem ? Say("spec.address", problem) : null;

    /// <summary>What of a ServiceEntry counts as absent.</summary>
    internal static string? Problem(ServiceEntry entry) => First(entry.Spec.Endpoints, static endpoint => Problem(endpoint.Address), static index => $"spec.endpoints[{index}].address");

    /// <summary>What of an EndpointSlice counts as absent.</summary>
    internal static string? Problem(EndpointSlice slice) => First(slice.Endpoints, Problem, static index => $"endpoints[{index}].addresses");

    /// <summary>What is wrong with an endpoint of a slice.</summary>
    internal static string? Problem(Endpoint endpoint) => endpoint.Addresses.Select(Problem).FirstOrDefault(static problem => problem is not null);

    private static string? First<T>(IReadOnlyList<T> endpoints, Func<T, string?> judge, Func<int, string> field)
    {
        for (int index = 0; index < endpoints.Count; index++)
        {
            if (judge(endpoints[index]) is { } problem)
            {
                return Say(field(index), problem);
            }
        }

        return null;
    }

    private static string Say(string field, string problem) => $"{field}: {problem}, which no endpoint can be: it counts as absent";
}
