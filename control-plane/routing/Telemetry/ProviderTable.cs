using System.Text.Json;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;
using Ambient.Routing.Formats;

namespace Ambient.ControlPlane.Routing.Telemetry;

/// <summary>The providers of MeshConfig, and the two that are built in: <c>envoy</c> and <c>prometheus</c> (waypoint reference 2.8.1). Not thread-safe.</summary>
internal sealed class ProviderTable
{
    private const string Envoy = "envoy";
    private const string Prometheus = "prometheus";

    private static readonly string[] Unsupported = ["envoyExtAuthzHttp", "envoyExtAuthzGrpc"];

    private readonly Dictionary<string, TelemetryProvider> _providers = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _metrics = new(StringComparer.OrdinalIgnoreCase) { Prometheus };
    private readonly Dictionary<string, uint> _tagLengths = new(StringComparer.OrdinalIgnoreCase);
    private readonly ProblemList _problems;

    public ProviderTable(RoutingObject? mesh, ProblemList problems)
    {
        _problems = problems;
        LogFile usual = new() { Path = "/dev/stdout" };
        if (mesh is not null)
        {
            SpecReader spec = new(mesh, problems);
            ReadUsualLog(spec, usual);
            foreach (SpecReader provider in spec.Objects("extensionProviders"))
            {
                Read(provider);
            }
        }

        _providers.TryAdd(Envoy, new TelemetryProvider { Name = Envoy, File = usual });
    }

    /// <summary>Those that rules use, in the order of their indexes.</summary>
    public List<TelemetryProvider> Used { get; } = [];

    /// <summary>Whether a provider is for metrics.</summary>
    public bool IsMetrics(string name) => _metrics.Contains(name);

    /// <summary>The index of a provider for access logs; null when there is none of that name.</summary>
    public uint? Log(string name, RoutingObject source) => Find(name, source, "access logs", provider => provider.File is not null || provider.OtlpLogs is not null);

    /// <summary>The index of a provider for traces.</summary>
    public uint? Traces(string name, RoutingObject source) => Find(name, source, "traces", provider => provider.OtlpTraces is not null || provider.Zipkin is not null);

    /// <summary>How much of a URL's path a provider of traces wants in tags; null: it does not say.</summary>
    public uint? MaxTagLength(string name) => _tagLengths.TryGetValue(name, out uint length) ? length : null;

    private static string Host(string service)
    {
        int slash = service.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? service : service[(slash + 1)..];
    }

    private uint? Find(string name, RoutingObject source, string what, Func<TelemetryProvider, bool> fits)
    {
        if (!_providers.TryGetValue(name, out TelemetryProvider? provider) || !fits(provider))
        {
            _problems.Add(source, RoutingProblem.UnsupportedValue, $"the provider {name} is no provider of {what} that MeshConfig names, or of a kind that is not supported; it gets nothing");
            return null;
        }

        int index = Used.IndexOf(provider);
        if (index < 0)
        {
            index = Used.Count;
            Used.Add(provider);
        }

        return (uint)index;
    }

    private void ReadUsualLog(SpecReader spec, LogFile file)
    {
        string path = spec.Text("accessLogFile");
        file.Path = path == "/dev/stderr" ? path : "/dev/stdout";
        string format = spec.Text("accessLogFormat");
        file.Json = spec.Text("accessLogEncoding") is "JSON" or "1";
        if (format.Length == 0)
        {
            return;
        }

        if (file.Json)
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(format);
                file.Fields.AddRange(document.RootElement.EnumerateObject().Select(field => new AccessLogField { Name = field.Name, Value = Checked(spec, "accessLogFormat", field.Value.ToString()) }));
            }
            catch (Exception unusable) when (unusable is JsonException or InvalidOperationException)
            {
                spec.Invalid("accessLogFormat", "is no JSON object; the usual fields are logged");
            }
        }
        else
        {
            file.Text = Checked(spec, "accessLogFormat", format);
        }
    }

    private void Read(SpecReader provider)
    {
        string name = provider.Text("name");
        TelemetryProvider message = new() { Name = name };
        if (provider.Object("envoyFileAccessLog") is { } file)
        {
            message.File = File(file);
        }
        else if (provider.Object("envoyOtelAls") is { } logs)
        {
            message.OtlpLogs = OtlpLogs(logs);
        }
        else if (provider.Object("opentelemetry") is { } traces)
        {
            Limit(name, traces);
            message.OtlpTraces = OtlpTraces(traces);
        }
        else if (provider.Object("zipkin") is { } zipkin)
        {
            Limit(name, zipkin);
            message.Zipkin = Zipkin(zipkin);
        }
        else if (provider.Has(Prometheus))
        {
            _metrics.Add(name);
            return;
        }
        else if (provider.Keys.FirstOrDefault(key => key != "name") is { } kind)
        {
            if (!Unsupported.Contains(kind, StringComparer.Ordinal))
            {
                provider.Unsupported(kind, "telemetry goes to files, OTLP, Zipkin and Prometheus alone");
            }

            return;
        }

        _providers[name] = message;
    }

    private void Limit(string name, SpecReader provider)
    {
        if (provider.Number("maxTagLength") is > 0 and { } length)
        {
            _tagLengths[name] = length;
        }
    }

    private LogFile File(SpecReader file)
    {
        LogFile message = new() { Path = file.Text("path") };
        if (message.Path is not ("" or "/dev/stdout" or "/dev/stderr"))
        {
            file.Unsupported("path", "lines go to standard output");
            message.Path = "";
        }

        if (message.Path.Length == 0)
        {
            message.Path = "/dev/stdout";
        }

        file.Unsupported("omitEmptyValues", "what is missing is shown as - in texts and null in JSON");
        if (file.Object("logFormat") is { } format)
        {
            message.Text = Checked(format, "text", format.Text("text"));
            message.Json = format.Has("labels");
            message.Fields.AddRange(Fields(format));
            format.End();
        }

        file.End();
        return message;
    }

    private OtlpEndpoint OtlpLogs(SpecReader logs)
    {
        OtlpEndpoint endpoint = new() { Host = Host(logs.Text("service")), Port = logs.Number("port") ?? 0, LogName = logs.Text("logName") };
        if (logs.Object("logFormat") is { } format)
        {
            endpoint.Text = Checked(format, "text", format.Text("text"));
            endpoint.Fields.AddRange(Fields(format));
            format.End();
        }

        logs.Unsupported("filterStateObjectsToLog", "use %CEL(filter_state.…)%");
        logs.End();
        return endpoint;
    }

    private static OtlpEndpoint OtlpTraces(SpecReader traces)
    {
        OtlpEndpoint endpoint = new() { Host = Host(traces.Text("service")), Port = traces.Number("port") ?? 0 };
        if (traces.Object("http") is { } http)
        {
            endpoint.Path = http.Text("path") is { Length: > 0 } path ? path : "/v1/traces";
            endpoint.TimeoutMs = http.Milliseconds("timeout") ?? 0;
            endpoint.Headers.AddRange(Headers(http, "headers"));
            http.End();
        }

        if (traces.Object("grpc") is { } grpc)
        {
            endpoint.TimeoutMs = grpc.Milliseconds("timeout") ?? 0;
            endpoint.Headers.AddRange(Headers(grpc, "initialMetadata"));
            grpc.End();
        }

        traces.Unsupported("resourceDetectors", "the resource has service.name, node_name and cluster_name");
        traces.Unsupported("dynatraceSampler", "the percentages of Telemetry hold");
        traces.End();
        return endpoint;
    }

    private static ZipkinEndpoint Zipkin(SpecReader zipkin)
    {
        ZipkinEndpoint endpoint = new()
        {
            Host = Host(zipkin.Text("service")),
            Port = zipkin.Number("port") ?? 9411,
            Path = zipkin.Text("path"),
            ShortTraceIds = zipkin.Flag("enable64bitTraceId"),
            AlsoW3C = zipkin.Text("traceContextOption") is "USE_B3_WITH_W3C_PROPAGATION",
        };
        zipkin.Unsupported("headers", "nothing is added");
        zipkin.Unsupported("timeout", "spans are sent within the usual time");
        zipkin.End();
        return endpoint;
    }

    private static IEnumerable<HeaderValue> Headers(SpecReader from, string name)
    {
        foreach (SpecReader header in from.Objects(name))
        {
            header.Unsupported("envName", "the header is left out; give its value");
            if (!header.Has("envName"))
            {
                yield return new HeaderValue { Name = header.Text("name"), Value = header.Text("value") };
            }
        }
    }

    private IEnumerable<AccessLogField> Fields(SpecReader format) =>
        format.Map("labels").Select(label => new AccessLogField { Name = label.Key, Value = Checked(format, $"labels.{label.Key}", label.Value) });

    private static string Checked(SpecReader reader, string name, string format)
    {
        if (LogTemplate.TryParse(format, out _, out string? error))
        {
            return format;
        }

        reader.Invalid(name, $"cannot be used, the usual format is: {error}");
        return name.StartsWith("labels.", StringComparison.Ordinal) ? "-" : "";
    }
}
