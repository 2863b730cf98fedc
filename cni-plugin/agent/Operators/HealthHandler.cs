using System.Globalization;
using System.Text.Json;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Running;
using Ambient.Cni.Redirection.Rules;
using Ambient.Telemetry.Http;

namespace Ambient.Cni.Agent.Operators;

/// <summary>
/// <c>/healthz</c>, <c>/livez</c>, <c>/readyz</c> and <c>/pods</c>. Alive means: the loop turns (where it does not, a restart helps). Ready means: the configuration is in place, the pods are known, and a request through the
/// plugin's own socket is answered in time. Thread-safe.
/// </summary>
public sealed class HealthHandler(AgentLoop loop, Func<string?> installObstacle, Func<CancellationToken, Task<string?>> askPluginSocket, Func<NetworkIdentity, IReadOnlyList<Flow>> sparedIn, Func<NetworkIdentity, IReadOnlyList<Flow>> carriedIn) : IHttpHandler
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public async ValueTask<HttpAnswer> HandleAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        switch (request.Path)
        {
            case "/healthz":
                return HttpAnswer.Text(200, "ok\n");
            case "/livez":
                TimeSpan since = loop.SinceTurn;
                return since < LongestTurn ? HttpAnswer.Text(200, "ok\n") : HttpAnswer.Text(503, string.Create(CultureInfo.InvariantCulture, $"the agent's loop has not turned for {since.TotalSeconds:0} s\n"));
            case "/readyz":
                List<string> obstacles = await ObstaclesAsync(cancellationToken);
                return obstacles.Count == 0 ? HttpAnswer.Text(200, "ready\n") : HttpAnswer.Text(503, string.Join('\n', obstacles) + "\n");
            case "/pods":
                return new HttpAnswer(200, "application/json", WritePods(loop.Pods, sparedIn, carriedIn)) { MayCompress = true };
            default:
                return HttpAnswer.Empty(404);
        }
    }

    private async Task<List<string>> ObstaclesAsync(CancellationToken cancellation)
    {
        List<string> obstacles = [];
        if (installObstacle() is { } install)
        {
            obstacles.Add("CNI configuration: " + install);
        }

        if (!loop.IsComplete)
        {
            obstacles.Add("pods: the source of pods has not told everything yet");
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        string? plugin;
        try
        {
            plugin = await askPluginSocket(limit.Token);
        }
        catch (Exception silent) when (silent is OperationCanceledException or System.Net.Sockets.SocketException or IOException)
        {
            plugin = silent is OperationCanceledException ? "it does not answer within 1 s" : silent.Message;
        }

        if (plugin is not null)
        {
            obstacles.Add("plugin socket: " + plugin);
        }

        return obstacles;
    }

    private static void WriteFlows(Utf8JsonWriter writer, string name, IReadOnlyList<Flow> flows)
    {
        writer.WriteStartArray(name);
        foreach (Flow flow in flows)
        {
            writer.WriteStringValue(flow.ToString());
        }

        writer.WriteEndArray();
    }

    private static byte[] WritePods(IReadOnlyList<PodView> pods, Func<NetworkIdentity, IReadOnlyList<Flow>> sparedIn, Func<NetworkIdentity, IReadOnlyList<Flow>> carriedIn)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartArray();
            foreach (PodView pod in pods.OrderBy(p => p.Name, StringComparer.Ordinal))
            {
                writer.WriteStartObject();
                writer.WriteString("name", pod.Name);
                writer.WriteString("uid", pod.Uid);
                writer.WriteBoolean("wanted", pod.IsWanted);
                writer.WriteBoolean("proven", pod.IsProven);
                writer.WriteString("network", pod.Network?.ToString());
                writer.WriteString("rules", pod.Kernel.ToString());
                writer.WriteString("guard", pod.Guard.ToString());
                writer.WriteString("proxy", pod.Proxy.ToString());
                writer.WriteString("reported", pod.Reported?.ToString());
                writer.WriteString("obstacle", pod.Obstacle);
                WriteFlows(writer, "spared", pod.Network is { } network ? sparedIn(network) : []);
                WriteFlows(writer, "carried", pod.Network is { } left ? carriedIn(left) : []);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        return buffer.ToArray();
    }
}
