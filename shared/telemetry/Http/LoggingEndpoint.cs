using Ambient.Telemetry.Logging;

namespace Ambient.Telemetry.Http;

/// <summary>Shows and changes log levels (ztunnel.md 10.8). Thread-safe.</summary>
public sealed class LoggingEndpoint(LogHub hub)
{
    private const string Help = """
        usage: POST /logging                          the levels in force
               POST /logging?level=<level>            one level for everything
               POST /logging?level=<target>=<level>   one target, comma lists are possible
               POST /logging?reset=true               back to the levels at start; may go together with level
        levels: off, error, warn, info, debug, trace

        """;

    /// <summary>Answers a request to <c>/logging</c>.</summary>
    public HttpAnswer Answer(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Method != "POST")
        {
            return HttpAnswer.Text(405, "Invalid HTTP method\n" + Help);
        }

        LogDirectives directives = request.Parameter("reset") is null ? hub.Directives : hub.StartDirectives;
        if (request.Parameter("level") is { Length: > 0 } level)
        {
            if (!directives.TryAdd(level, out LogDirectives? added, out _))
            {
                return HttpAnswer.Text(400, $"Invalid level provided: {Printable(level)}\n{Help}");
            }

            directives = added;
        }

        hub.Directives = directives;
        return HttpAnswer.Text(200, $"current log level is {directives}\n");
    }

    // What a client sent goes back to a terminal: no control characters, no flood.
    private static string Printable(string text) => string.Concat(text.Where(c => !char.IsControl(c)).Take(256));
}
