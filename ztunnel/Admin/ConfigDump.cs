using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Ambient.Identity.Dumps;
using Ambient.Identity.Renewal;
using Ambient.Mesh.Dumps;
using Ambient.Mesh.Policies;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Ztunnel.Observation;
using Ambient.Ztunnel.Pods;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Admin;

/// <summary>Writes <c>config_dump</c> with the members and names that operators' tools read (ztunnel.md 10.7). Thread-safe.</summary>
public sealed class ConfigDump(ConfigSources sources)
{
    private static readonly TimeSpan LoopLimit = TimeSpan.FromSeconds(2);

    /// <summary>The dump as indented JSON. A loop that does not answer in time costs its connections in the listing, never the dump.</summary>
    public async Task<ReadOnlyMemory<byte>> WriteAsync(CancellationToken cancellationToken)
    {
        Dictionary<IPodProxy, IReadOnlyCollection<ConnectionRow>> connections = await ConnectionsAsync(cancellationToken);
        ArrayBufferWriter<byte> output = new(64 * 1024);
        await using (Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(json, connections);
        }

        return output.WrittenMemory;
    }

    private async Task<Dictionary<IPodProxy, IReadOnlyCollection<ConnectionRow>>> ConnectionsAsync(CancellationToken cancellationToken)
    {
        Dictionary<IPodProxy, IReadOnlyCollection<ConnectionRow>> rows = [];
        foreach (IPodProxy proxy in sources.Pods?.Snapshot().Select(p => p.Proxy).OfType<IPodProxy>() ?? [])
        {
            if (proxy is IConnectionLister lister)
            {
                rows[proxy] = await lister.ListConnectionsAsync(LoopLimit, cancellationToken);
            }
        }

        return rows;
    }

    private void Write(Utf8JsonWriter json, Dictionary<IPodProxy, IReadOnlyCollection<ConnectionRow>> connections)
    {
        MeshView view = sources.View();
        json.WriteStartObject();
        json.WriteStartArray("certificates"u8);
        foreach (CertificateStatus status in sources.Certificates().OrderBy(c => c.Identity.ToString(), StringComparer.Ordinal))
        {
            CertificateJson.Write(json, status);
        }

        json.WriteEndArray();
        json.WritePropertyName("config"u8);
        SettingsJson.Write(json, sources.Settings);
        Policies(json, view.Policies.ByKey.Select(p => p.Policy));
        Services(json, view.ServicesByHostname);
        json.WriteStartObject("stagedServices"u8);
        foreach ((NamespacedHostname service, IReadOnlyList<Endpoint> endpoints) in view.StagedEndpoints)
        {
            json.WriteStartObject(service.ToString());
            MeshJson.Endpoints(json, endpoints);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        LocalModel(json);
        BuildJson.Write(json, sources.Settings.MeshVersion);
        if (sources.Pods is { } pods)
        {
            json.WritePropertyName("workloadState"u8);
            pods.WriteTo(json, (writer, proxy) => Connections(writer, connections.GetValueOrDefault(proxy)));
        }

        Workloads(json, view.WorkloadsByUid);
        json.WriteEndObject();
    }

    private void LocalModel(Utf8JsonWriter json)
    {
        MeshBatch local = sources.LocalModel?.Invoke() ?? new MeshBatch();
        json.WriteStartObject("staticConfig"u8);
        Policies(json, local.Policies.Select(p => p.Policy));
        Services(json, local.Services);
        Workloads(json, local.Workloads);
        json.WriteEndObject();
    }

    private static void Policies(Utf8JsonWriter json, IEnumerable<AuthorizationPolicy> policies)
    {
        json.WriteStartArray("policies"u8);
        foreach (AuthorizationPolicy policy in policies)
        {
            MeshJson.Write(json, policy);
        }

        json.WriteEndArray();
    }

    private static void Services(Utf8JsonWriter json, IEnumerable<Service> services)
    {
        json.WriteStartArray("services"u8);
        foreach (Service service in services)
        {
            MeshJson.Write(json, service);
        }

        json.WriteEndArray();
    }

    private static void Workloads(Utf8JsonWriter json, IEnumerable<Workload> workloads)
    {
        json.WriteStartArray("workloads"u8);
        foreach (Workload workload in workloads)
        {
            MeshJson.Write(json, workload);
        }

        json.WriteEndArray();
    }

    private static void Connections(Utf8JsonWriter json, IReadOnlyCollection<ConnectionRow>? rows)
    {
        if (rows is null)
        {
            return;
        }

        json.WriteStartObject("connections"u8);
        Connections(json, "inbound", rows.Where(r => r.Reporter == Reporter.Destination));
        Connections(json, "outbound", rows.Where(r => r.Reporter == Reporter.Source));
        json.WriteEndObject();
    }

    private static void Connections(Utf8JsonWriter json, string name, IEnumerable<ConnectionRow> rows)
    {
        json.WriteStartArray(name);
        foreach (ConnectionRow row in rows)
        {
            json.WriteStartObject();
            json.WriteString("actualDst"u8, row.ActualDestination.ToString());
            json.WriteString("originalDst"u8, row.OriginalDestination);
            json.WriteString("protocol"u8, row.Protocol switch { TransportProtocol.Hbone => "HBONE", TransportProtocol.DoubleHbone => "DOUBLEHBONE", _ => "TCP" });
            json.WriteString("src"u8, row.Source.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
