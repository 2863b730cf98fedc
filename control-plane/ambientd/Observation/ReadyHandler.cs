using Ambient.Telemetry.Http;

namespace Ambient.ControlPlane.Observation;

/// <summary>Answers <c>/ready</c>. Thread-safe.</summary>
internal sealed class ReadyHandler(Func<bool> isReady) : IHttpHandler
{
    public ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(
        request.Path != "/ready" ? HttpAnswer.Empty(404)
        : isReady() ? HttpAnswer.Text(200, "ready\n")
        : HttpAnswer.Text(503, "the mesh is not known yet\n"));
}
