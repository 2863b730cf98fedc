using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Admin;

/// <summary>The admin port (ztunnel.md 10.1), for programs of this machine alone. Thread-safe.</summary>
public sealed class AdminHandler : IHttpHandler
{
    private const string Index = """
        <!DOCTYPE html>
        <html><head><title>ztunnel</title></head><body><h1>ztunnel</h1><ul>
        <li><a href="/config_dump">/config_dump</a>: settings, mesh, certificates, pods and their connections</li>
        <li>/logging (POST): log levels; ?level=debug, ?level=access=debug, ?reset=true</li>
        <li>/quitquitquit (POST): drain and end</li>
        <li>/debug/pprof/profile, /debug/pprof/heap: not available, with what to use instead</li>
        </ul></body></html>

        """;

    private readonly ConfigDump _dump;
    private readonly LoggingEndpoint _logging;
    private readonly Action _shutdown;

    /// <summary>Makes the handler.</summary>
    /// <param name="dump">Writer of config_dump.</param>
    /// <param name="logs">Levels to show and change.</param>
    /// <param name="shutdown">Starts the graceful shutdown and returns at once; may be called again.</param>
    public AdminHandler(ConfigDump dump, LogHub logs, Action shutdown)
    {
        _dump = dump;
        _logging = new LoggingEndpoint(logs);
        _shutdown = shutdown;
    }

    /// <inheritdoc/>
    public async ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (LocalCaller.Refusal(request) is { } refusal)
        {
            return refusal;
        }

        switch (request.Path)
        {
            case "/":
                return new HttpAnswer(200, "text/html; charset=utf-8", System.Text.Encoding.UTF8.GetBytes(Index));
            case "/config_dump":
                return new HttpAnswer(200, "application/json", await _dump.WriteAsync(cancellationToken));
            case "/logging":
                return _logging.Answer(request);
            case "/quitquitquit" when request.Method == "POST":
                _shutdown();
                return HttpAnswer.Text(200, "shutdown now\n");
            case "/quitquitquit":
                return HttpAnswer.Text(405, "Invalid HTTP method\n");
            case "/debug/pprof/profile":
                return HttpAnswer.Text(501, "no built-in CPU profiler; on the node: perf record -g -p <pid>, with DOTNET_PerfMapEnabled=1 in the environment for names\n");
            case "/debug/pprof/heap":
                return HttpAnswer.Text(500, "heap profiling is not active and cannot be; on the node: dotnet-gcdump collect -p <pid>\n");
            case "/debug/pprof/heap/profiling":
                return request.Parameter("activate") is null or "false"
                    ? HttpAnswer.Text(200, "heap profiling active: false\n")
                    : HttpAnswer.Text(request.Parameter("activate") == "true" ? 501 : 400, "heap profiling cannot be activated\n");
            default:
                return HttpAnswer.Empty(404);
        }
    }
}
