using System.Text.Json;
using Ambient.Cli.Output;

namespace Ambient.Cli.Meshes;

/// <summary>A waypoint as an operator wants it. Immutable.</summary>
/// <param name="Namespace">Its namespace; null leaves it to whoever applies it.</param>
/// <param name="Name">Its name.</param>
/// <param name="For">Whose traffic it takes: <c>service</c>, <c>workload</c>, <c>all</c> or <c>none</c>; null leaves the default.</param>
/// <param name="Revision">The control plane that makes it; null for the default.</param>
internal sealed record WaypointPlan(string? Namespace, string Name, string? For, string? Revision)
{
    /// <summary>The Gateway.</summary>
    public JsonElement ToGateway() => Answer.Build(json =>
    {
        json.WriteStartObject();
        json.WriteString("apiVersion", "gateway.networking.k8s.io/v1");
        json.WriteString("kind", "Gateway");
        json.WriteStartObject("metadata");
        if (For is not null || Revision is not null)
        {
            json.WriteStartObject("labels");
            if (Revision is not null)
            {
                json.WriteString("istio.io/rev", Revision);
            }

            if (For is not null)
            {
                json.WriteString("istio.io/waypoint-for", For);
            }

            json.WriteEndObject();
        }

        json.WriteString("name", Name);
        if (Namespace is not null)
        {
            json.WriteString("namespace", Namespace);
        }

        json.WriteEndObject();
        json.WriteStartObject("spec");
        json.WriteString("gatewayClassName", "istio-waypoint");
        json.WriteStartArray("listeners");
        json.WriteStartObject();
        json.WriteString("name", "mesh");
        json.WriteNumber("port", 15008);
        json.WriteString("protocol", "HBONE");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    });
}
