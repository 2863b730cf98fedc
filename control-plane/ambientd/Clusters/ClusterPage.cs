using System.Buffers;
using System.Text.Json;
using Ambient.ControlPlane.Discovery.Clusters;
using Ambient.Telemetry.Http;

namespace Ambient.ControlPlane.Clusters;

/// <summary>Answers <c>/debug/clusterz</c> with the clusters of the mesh, and hands everything else on. No servers and no credentials are in it. Thread-safe.</summary>
internal sealed class ClusterPage(string own, RemoteClusters clusters, IHttpHandler rest) : IHttpHandler
{
    private const string Path = "/debug/clusterz";

    public ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken) =>
        request.Path == Path ? ValueTask.FromResult(new HttpAnswer(200, "application/json", Page())) : rest.HandleAsync(request, cancellationToken);

    private ReadOnlyMemory<byte> Page()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            json.WriteStartObject();
            json.WriteString("id", own);
            json.WriteString("syncStatus", "synced");
            json.WriteEndObject();
            foreach (RemoteClusterStatus one in clusters.Statuses)
            {
                Write(json, one);
            }

            json.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, RemoteClusterStatus one)
    {
        json.WriteStartObject();
        json.WriteString("id", one.Id);
        json.WriteString("secretName", one.Secret);
        json.WriteString("syncStatus", one.State);
        json.WriteString("network", one.Network);
        json.WriteNumber("services", one.Services);
        json.WriteNumber("workloads", one.Workloads);
        if (one.Problem is { } problem)
        {
            json.WriteString("problem", problem);
        }

        if (one.Warning is { } warning)
        {
            json.WriteString("warning", warning);
        }

        json.WriteEndObject();
    }
}
