using Ambient.Telemetry.Http;

namespace Ambient.Waypoint.Observation;

/// <summary>The readiness port, as the kubelet asks it: <c>/healthz/ready</c> with what is missing. Thread-safe.</summary>
/// <param name="obstacle">Why it is not ready; null: it is.</param>
internal sealed class ReadyHandler(Func<string?> obstacle) : IHttpHandler
{
    /// <inheritdoc/>
    public ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(
        request.Path != "/healthz/ready" ? HttpAnswer.Empty(404)
        : request.Method != "GET" ? HttpAnswer.Empty(405)
        : obstacle() is { } missing ? HttpAnswer.Text(503, $"not ready: {missing}\n")
        : HttpAnswer.Text(200, "ready\n"));
}
