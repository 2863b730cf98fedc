using Ambient.Telemetry.Http;

namespace Ambient.ControlPlane.Observation;

/// <summary>Answers <c>/debug/statusz</c> with what objects' statuses say where no object holds it, and hands everything else on. Thread-safe.</summary>
internal sealed class StatusPage(StatusBook book, IHttpHandler rest) : IHttpHandler
{
    private const string Path = "/debug/statusz";

    public ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken) =>
        request.Path == Path ? ValueTask.FromResult(new HttpAnswer(200, "application/json", book.Page())) : rest.HandleAsync(request, cancellationToken);
}
