using Ambient.Telemetry.Http;

namespace Ambient.Ztunnel.Admin;

/// <summary>The readiness port: tasks, and a sign of life from each event loop (ztunnel.md 10.1). Thread-safe.</summary>
public sealed class ReadinessHandler(ReadinessTasks tasks, LoopProbe loops) : IHttpHandler
{
    /// <inheritdoc/>
    public async ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Path != "/healthz/ready")
        {
            return HttpAnswer.Empty(404);
        }

        if (request.Method != "GET")
        {
            return HttpAnswer.Empty(405);
        }

        string[] pending = [.. tasks.Pending().Concat(await loops.StuckAsync(cancellationToken)).Order(StringComparer.Ordinal)];
        return pending.Length == 0 ? HttpAnswer.Text(200, "ready\n") : HttpAnswer.Text(500, $"not ready, pending: {string.Join(", ", pending)}\n");
    }
}
