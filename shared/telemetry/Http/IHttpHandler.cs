namespace Ambient.Telemetry.Http;

/// <summary>Answers the requests of one operators' port.</summary>
public interface IHttpHandler
{
    /// <summary>Answers one request. An exception becomes a 500 with its message.</summary>
    ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken);
}
