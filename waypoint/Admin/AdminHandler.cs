using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;

namespace Ambient.Waypoint.Admin;

/// <summary>The admin port, on loopback alone: the paths that users of ztunnel and Envoy know (ztunnel.md 10.1). What changes something is POST. Thread-safe.</summary>
/// <param name="dump">Writer of config_dump.</param>
/// <param name="server">Who we are.</param>
/// <param name="metrics">What is counted.</param>
/// <param name="logs">Levels to show and change.</param>
/// <param name="drain">Begins to drain, and may be called again; false before there is anything to drain.</param>
/// <param name="shutdown">Drains and ends; returns at once, may be called again.</param>
internal sealed class AdminHandler(ConfigDump dump, ServerInfo server, MetricRegistry metrics, LogHub logs, Func<bool> drain, Action shutdown) : IHttpHandler
{
    private const string Index = """
        <!DOCTYPE html>
        <html><head><title>waypoint</title></head><body><h1>waypoint</h1><ul>
        <li><a href="/config_dump">/config_dump</a>: routes, destinations, policies, endpoints, certificates, services, workloads; without secrets</li>
        <li><a href="/certs">/certs</a>: certificates, without keys</li>
        <li><a href="/clusters">/clusters</a>: endpoints, whether they are in service, and what they are doing; ?format=json</li>
        <li><a href="/server_info">/server_info</a>, <a href="/ready">/ready</a></li>
        <li><a href="/stats">/stats</a>, <a href="/stats/prometheus">/stats/prometheus</a>: metrics; /stats takes ?filter=text</li>
        <li><a href="/memory">/memory</a>: bytes</li>
        <li>/logging (POST): log levels; ?level=debug, ?level=waypoint::xds=debug, ?reset=true</li>
        <li>/drain (POST): no new connections, no further requests on those that are open; /quitquitquit (POST): the same, then the end</li>
        </ul></body></html>

        """;

    private readonly LoggingEndpoint _logging = new(logs);
    private readonly MetricsHandler _metrics = new(metrics);

    /// <inheritdoc/>
    public ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken) =>
        LocalCaller.Refusal(request) is { } refusal ? ValueTask.FromResult(refusal)
        : request.Path == "/stats/prometheus" ? _metrics.HandleAsync(request, cancellationToken) : ValueTask.FromResult(Answer(request));

    private HttpAnswer Answer(HttpRequest request)
    {
        switch (request.Path)
        {
            case "/":
                return new HttpAnswer(200, "text/html; charset=utf-8", Encoding.UTF8.GetBytes(Index));
            case "/config_dump":
                return Json(dump.All());
            case "/certs":
                return Json(dump.CertificatesOnly());
            case "/clusters":
                return request.Parameter("format") == "json" ? Json(dump.EndpointsOnly()) : HttpAnswer.Text(200, dump.EndpointText());
            case "/server_info":
                return Json(Written(server.Write));
            case "/ready":
                return HttpAnswer.Text(server.State == "LIVE" ? 200 : 503, server.State + "\n");
            case "/stats":
                return HttpAnswer.Text(200, Stats(request.Parameter("filter") ?? ""));
            case "/memory":
                return Json(Written(Memory));
            case "/logging":
                return _logging.Answer(request);
            case "/drain" or "/drain_listeners" or "/quitquitquit" when request.Method != "POST":
                return HttpAnswer.Text(405, "Invalid HTTP method\n");
            case "/drain" or "/drain_listeners":
                return drain() ? HttpAnswer.Text(200, "draining\n") : HttpAnswer.Text(503, "nothing is served yet\n");
            case "/quitquitquit":
                shutdown();
                return HttpAnswer.Text(200, "shutdown now\n");
            default:
                return HttpAnswer.Empty(404);
        }
    }

    private static HttpAnswer Json(ReadOnlyMemory<byte> body) => new(200, "application/json", body) { MayCompress = true };

    private static ReadOnlyMemory<byte> Written(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true }))
        {
            write(json);
        }

        return output.WrittenMemory;
    }

    private static void Memory(Utf8JsonWriter json)
    {
        GCMemoryInfo collector = GC.GetGCMemoryInfo();
        json.WriteStartObject();
        json.WriteNumber("allocated"u8, GC.GetTotalMemory(forceFullCollection: false));
        json.WriteNumber("heapSize"u8, collector.HeapSizeBytes);
        json.WriteNumber("committed"u8, collector.TotalCommittedBytes);
        json.WriteNumber("fragmented"u8, collector.FragmentedBytes);
        json.WriteNumber("resident"u8, Environment.WorkingSet);
        json.WriteNumber("limit"u8, collector.TotalAvailableMemoryBytes);
        json.WriteNumber("totalAllocated"u8, GC.GetTotalAllocatedBytes());
        json.WriteString("collections"u8, string.Create(CultureInfo.InvariantCulture, $"{GC.CollectionCount(0)} {GC.CollectionCount(1)} {GC.CollectionCount(2)}"));
        json.WriteEndObject();
    }

    private string Stats(string filter)
    {
        ArrayBufferWriter<byte> text = new(64 * 1024);
        metrics.WriteTo(text);
        IEnumerable<string> lines = Encoding.UTF8.GetString(text.WrittenSpan).Split('\n').Where(line => line.Length > 0 && line[0] != '#' && line.Contains(filter, StringComparison.Ordinal));
        return string.Concat(lines.Select(static line => line + "\n"));
    }
}
