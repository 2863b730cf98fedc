using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Ambient.Identity.Dumps;
using Ambient.Identity.Renewal;
using Ambient.Mesh.Dumps;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Tunnels;

namespace Ambient.Waypoint.Admin;

/// <summary>Writes <c>config_dump</c>: what is in force, in a shape of our own; certificates, services and workloads as ztunnel's dump has them. Without secrets. Thread-safe.</summary>
internal sealed class ConfigDump(WaypointShared shared, ConfigurationStore store, Func<IReadOnlyList<CertificateStatus>> certificates, ServerInfo server)
{
    private readonly EndpointList _endpoints = new(shared);

    /// <summary>Everything.</summary>
    public ReadOnlyMemory<byte> All() => Object(json =>
    {
        ConfigurationSources sources = store.Sources();
        MeshView view = shared.Mesh.Current;
        json.WritePropertyName("server"u8);
        server.Write(json);
        Certificates(json);
        SettingsJson.Write(json, sources.Settings);
        List(json, "routes", sources.Routes.Select(ServiceRoutes.Parser.ParseFrom).OrderBy(Name, StringComparer.Ordinal), Routes);
        List(json, "destinations", sources.Destinations.OrderBy(static settings => settings.Hostname, StringComparer.Ordinal), DestinationJson.Write);
        List(json, "accessPolicies", sources.Access.OrderBy(static policy => $"{policy.Namespace}/{policy.Name}", StringComparer.Ordinal), PolicyJson.Write);
        List(json, "tokenPolicies", sources.Tokens.OrderBy(static policy => $"{policy.Namespace}/{policy.Name}", StringComparer.Ordinal), PolicyJson.Write);
        List(json, "rateLimits", sources.Limits, LimitJson.Write);
        _endpoints.Write(json);
        List<Service>(json, "services", view.ServicesByHostname, MeshJson.Write);
        List<Workload>(json, "workloads", view.WorkloadsByUid, MeshJson.Write);
    });

    /// <summary>The certificates alone.</summary>
    public ReadOnlyMemory<byte> CertificatesOnly() => Object(Certificates);

    /// <summary>The endpoints alone.</summary>
    public ReadOnlyMemory<byte> EndpointsOnly() => Object(_endpoints.Write);

    /// <summary>The endpoints as lines.</summary>
    public string EndpointText() => _endpoints.Text();

    private static string Name(ServiceRoutes routes) => $"{routes.Namespace}/{routes.Hostname}";

    private static ReadOnlyMemory<byte> Object(Action<Utf8JsonWriter> members)
    {
        ArrayBufferWriter<byte> output = new(16 * 1024);
        using (Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return output.WrittenMemory;
    }

    private static void List<T>(Utf8JsonWriter json, string member, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(member);
        foreach (T item in items)
        {
            write(json, item);
        }

        json.WriteEndArray();
    }

    private static void Routes(Utf8JsonWriter json, ServiceRoutes routes)
    {
        json.WriteStartObject();
        json.WriteString("service"u8, Name(routes));
        json.WriteStartArray("ports"u8);
        foreach (PortRoutes port in routes.Ports)
        {
            json.WriteStartObject();
            json.WriteNumber("port"u8, port.Port);
            json.WriteString("protocol"u8, port.Protocol.ToString());
            json.WriteStartArray("http"u8);
            foreach (HttpRoute route in port.Http)
            {
                json.WriteStartObject();
                json.WriteString("name"u8, route.Name);
                MatchJson.Write(json, route.Match);
                ActionJson.Write(json, port.HttpActions[(int)route.Action]);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            List(json, "tcp", port.Tcp, Tcp);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Tcp(Utf8JsonWriter json, TcpRoute route)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, route.Name);
        List(json, "serverNames", route.ServerNames, static (writer, name) => writer.WriteStringValue(name));
        ActionJson.Targets(json, route.Targets);
        json.WriteEndObject();
    }

    private void Certificates(Utf8JsonWriter json) =>
        List(json, "certificates", certificates().OrderBy(static status => status.Identity.ToString(), StringComparer.Ordinal), CertificateJson.Write);
}
