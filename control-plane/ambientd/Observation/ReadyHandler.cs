using Ambient.Telemetry.Http;

namespace Ambient.ControlPlane.Observation;

/// <summary>Answers <c>/ready</c>, with what is missing, and <c>/healthz</c>. Thread-safe.</summary>
/// <param name="obstacle">Why it is not ready; null: it is.</param>
internal sealed class ReadyHandler(Func<string?> obstacle) : IHttpHandler
{
    public ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(request.Path switch
    {
        "/ready" => obstacle() is { } missing ? HttpAnswer.Text(503, missing + "\n") : HttpAnswer.Text(200, "ready\n"),

        // That this is answered at all says that threads run and that sockets are served.
        "/healthz" or "/livez" => HttpAnswer.Text(200, "ok\n"),
        _ => HttpAnswer.Empty(404),
    });
}
