using System.Globalization;
using System.Text;
using System.Text.Json;
using Ambient.Mesh.Services;
using Ambient.Routing.Actions;
using Ambient.Waypoint.Balancing;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Admin;

/// <summary>Endpoints of everything that routes lead to: whether they are in service, and what they are doing. Thread-safe.</summary>
internal sealed class EndpointList(WaypointShared shared)
{
    /// <summary>As a list of objects.</summary>
    public void Write(Utf8JsonWriter json)
    {
        long now = shared.NowMilliseconds;
        json.WriteStartArray("endpoints"u8);
        foreach ((DestinationState destination, Candidate endpoint) in All())
        {
            json.WriteStartObject();
            json.WriteString("destination"u8, Name(destination));
            json.WriteString("address"u8, endpoint.Key.Text);
            json.WriteString("workload"u8, $"{endpoint.Workload.Namespace}/{endpoint.Workload.Name}");
            json.WriteString("protocol"u8, endpoint.Key.Identity is null ? "TCP" : "HBONE");
            json.WriteString("identity"u8, endpoint.Key.Identity?.ToString() ?? "");
            json.WriteString("status"u8, endpoint.State.IsEjected(now) ? "Ejected" : "InService");
            ActionJson.Number(json, "ejectedForMs", (ulong)endpoint.State.EjectedFor(now));
            ActionJson.Number(json, "ejections", (ulong)endpoint.State.Ejections);
            ActionJson.Number(json, "consecutiveFailures", (ulong)endpoint.State.ConsecutiveFailures);
            json.WriteNumber("activeRequests"u8, endpoint.State.Active);
            json.WriteNumber("weight"u8, endpoint.Weight);
            json.WriteNumber("priority"u8, endpoint.Priority);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>As lines, in the form that users of Envoy know.</summary>
    public string Text()
    {
        long now = shared.NowMilliseconds;
        StringBuilder text = new();
        DestinationState? last = null;
        foreach ((DestinationState destination, Candidate endpoint) in All())
        {
            if (!ReferenceEquals(destination, last))
            {
                last = destination;
                text.Append(CultureInfo.InvariantCulture, $"{Name(destination)}::connections::{destination.Connections}\n");
                text.Append(CultureInfo.InvariantCulture, $"{Name(destination)}::rq_active::{destination.Active}\n{Name(destination)}::rq_pending::{destination.Waiting}\n");
            }

            string name = $"{Name(destination)}::{endpoint.Key.Text}";
            text.Append(CultureInfo.InvariantCulture, $"{name}::rq_active::{endpoint.State.Active}\n{name}::hostname::{endpoint.Workload.Name}\n");
            text.Append(CultureInfo.InvariantCulture, $"{name}::health_flags::{(endpoint.State.IsEjected(now) ? "/failed_outlier_check" : "healthy")}\n");
            text.Append(CultureInfo.InvariantCulture, $"{name}::weight::{endpoint.Weight}\n{name}::priority::{endpoint.Priority}\n");
        }

        return text.ToString();
    }

    private static string Name(DestinationState destination) =>
        string.Create(CultureInfo.InvariantCulture, $"{destination.Service}:{destination.Port}{(destination.Subset.Length > 0 ? "/" + destination.Subset : "")}");

    private IEnumerable<(DestinationState Destination, Candidate Endpoint)> All()
    {
        WaypointConfiguration configuration = shared.Configuration;
        IEnumerable<(NamespacedHostname Service, ushort Port, string Subset)> named = configuration.Services.Values
            .SelectMany(static service => service.Ports)
            .SelectMany(static port => port.Table.Routes.SelectMany(static route => route.Action.Targets.All).Concat(port.Table.TcpRoutes.SelectMany(static rule => rule.Targets.All)))
            .Where(static target => target.Service.Namespace.Length > 0)
            .Select(static (Target target) => (target.Service, target.Port, target.Subset));
        IEnumerable<(NamespacedHostname, ushort, string)> used = shared.Destinations.Used.Select(static state => (state.Service, state.Port, state.Subset));
        foreach ((NamespacedHostname service, ushort port, string subset) in named.Concat(used).Distinct().OrderBy(static key => key.Item1.ToString(), StringComparer.Ordinal).ThenBy(static key => key.Item2).ThenBy(static key => key.Item3, StringComparer.Ordinal))
        {
            DestinationState state = shared.Destinations.Look(service, port, subset);
            state.TryGet(shared.Mesh.Current, configuration.FindDestination(service), out _, out Candidate[] candidates);
            foreach (Candidate candidate in candidates.OrderBy(static candidate => candidate.Key.Text, StringComparer.Ordinal))
            {
                yield return (state, candidate);
            }
        }
    }
}
