using System.Buffers;
using Ambient.Telemetry.Metrics;

namespace Ambient.Telemetry.Http;

/// <summary>Serves the exposition at <c>/metrics</c> and <c>/stats/prometheus</c> (reference 10.1, 10.2). Thread-safe.</summary>
public sealed class MetricsHandler(MetricRegistry registry) : IHttpHandler
{
    private const string OpenMetrics = "application/openmetrics-text";

    /// <inheritdoc/>
    public ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Path is not ("/metrics" or "/stats/prometheus"))
        {
            return new(HttpAnswer.Empty(404));
        }

        ArrayBufferWriter<byte> text = new(64 * 1024);
        registry.WriteTo(text);
        return new(new HttpAnswer(200, ContentType(request.Header("accept")), text.WrittenMemory) { MayCompress = true });
    }

    /// <summary>The content type for an Accept value: OpenMetrics if any entry names it, whatever its parameters.</summary>
    public static string ContentType(string accept)
    {
        foreach (string entry in accept.Split(','))
        {
            if (string.Equals(entry.Split(';')[0].Trim(), OpenMetrics, StringComparison.OrdinalIgnoreCase))
            {
                return $"{OpenMetrics};charset=utf-8;version=1.0.0";
            }
        }

        return "text/plain; charset=utf-8";
    }
}
