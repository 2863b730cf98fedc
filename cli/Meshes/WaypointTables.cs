using Ambient.Cli.Output;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;

namespace Ambient.Cli.Meshes;

/// <summary>Waypoints as <c>istioctl waypoint</c> shows them. Pure.</summary>
internal static class WaypointTables
{
    /// <summary>Which there are.</summary>
    public static Answer List(IReadOnlyList<Gateway> waypoints, bool hasNamespace)
    {
        Table table = hasNamespace ? new Table("NAMESPACE", "NAME", "REVISION", "PROGRAMMED") : new Table("NAME", "REVISION", "PROGRAMMED");
        foreach (Gateway waypoint in waypoints)
        {
            string revision = waypoint.Metadata.Labels.Find("istio.io/rev") ?? "default";
            string programmed = Condition(waypoint, "Programmed")?.Status ?? "Unknown";
            if (hasNamespace)
            {
                table.Add(waypoint.Metadata.Namespace, waypoint.Metadata.Name, revision, programmed);
            }
            else
            {
                table.Add(waypoint.Metadata.Name, revision, programmed);
            }
        }

        return new Answer(table, Data(waypoints));
    }

    /// <summary>What their controller says of them.</summary>
    public static Answer Status(IReadOnlyList<Gateway> waypoints)
    {
        var table = new Table("NAMESPACE", "NAME", "STATUS", "TYPE", "REASON", "MESSAGE");
        foreach (Gateway waypoint in waypoints)
        {
            foreach (Condition condition in waypoint.Status.Conditions.DefaultIfEmpty(new Condition { Type = "Programmed", Status = "Unknown", Reason = "Pending", Message = "no controller has looked at it" }))
            {
                table.Add(waypoint.Metadata.Namespace, waypoint.Metadata.Name, condition.Status, condition.Type, condition.Reason, condition.Message);
            }
        }

        return new Answer(table, Data(waypoints));
    }

    /// <summary>A condition of a Gateway; null when nobody wrote it.</summary>
    public static Condition? Condition(Gateway gateway, string type) => gateway.Status.Conditions.FirstOrDefault(c => c.Type == type);

    private static System.Text.Json.JsonElement Data(IReadOnlyList<Gateway> waypoints) => Answer.Build(json =>
    {
        json.WriteStartArray();
        foreach (Gateway waypoint in waypoints)
        {
            json.WriteStartObject();
            json.WriteString("namespace", waypoint.Metadata.Namespace);
            json.WriteString("name", waypoint.Metadata.Name);
            json.WriteString("revision", waypoint.Metadata.Labels.Find("istio.io/rev") ?? "default");
            json.WriteString("waypointFor", waypoint.Metadata.Labels.Find("istio.io/waypoint-for") ?? "service");
            json.WriteStartArray("addresses");
            foreach (GatewayAddress address in waypoint.Status.Addresses)
            {
                json.WriteStringValue(address.Value);
            }

            json.WriteEndArray();
            json.WriteStartArray("conditions");
            foreach (Condition condition in waypoint.Status.Conditions)
            {
                json.WriteStartObject();
                json.WriteString("type", condition.Type);
                json.WriteString("status", condition.Status);
                json.WriteString("reason", condition.Reason);
                json.WriteString("message", condition.Message);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
