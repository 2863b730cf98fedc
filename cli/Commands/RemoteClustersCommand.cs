using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ambient.Cli.Output;
using Ambient.Cli.Sources;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl remote-clusters</c>: the clusters that each replica of the control plane follows.</summary>
internal static class RemoteClustersCommand
{
    private const string ControlPlaneLabel = "app=istiod";
    private const int MetricsPort = 15014;

    /// <summary>The command.</summary>
    public static Command Build()
    {
        var source = new SourceOptions();
        var admin = new Option<string?>("--admin") { Description = "Address of a control plane's metrics port, such as 127.0.0.1:15014, instead of a cluster's." };
        Option<string> output = OutputOption.Make();
        var command = new Command("remote-clusters", "The clusters that the control plane follows, and how they are doing.") { admin, output };
        source.AddClusterTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var found = new List<(string Replica, JsonElement Cluster)>();
            string? error = parsed.GetValue(admin) is { } address ? await AskAsync(address, found, cancellation) : await AskAllAsync(source, parsed, found, cancellation);
            if (error is not null)
            {
                parsed.InvocationConfiguration.Error.WriteLine("error: " + error);
                return ExitCodes.Unreachable;
            }

            Answer answer = Make(found, out bool isGood);
            answer.WriteTo(parsed.InvocationConfiguration.Output, parsed.Format(output));
            return isGood ? ExitCodes.Good : ExitCodes.Finding;
        });
        return command;
    }

    /// <summary>The table; good when every cluster is followed and nothing is wrong with any.</summary>
    internal static Answer Make(IReadOnlyList<(string Replica, JsonElement Cluster)> found, out bool isGood)
    {
        isGood = true;
        var table = new Table("NAME", "SECRET", "STATUS", "NETWORK", "WORKLOADS", "CONTROL PLANE", "PROBLEM");
        foreach ((string replica, JsonElement cluster) in found)
        {
            // A warning is to be read, and nothing fails for it.
            string status = Text(cluster, "syncStatus"), problem = Text(cluster, "problem");
            isGood &= status == "synced" && problem.Length == 0;
            problem = problem.Length > 0 ? problem : Text(cluster, "warning");
            table.Add(Text(cluster, "id"), Text(cluster, "secretName"), status, Text(cluster, "network"), Text(cluster, "workloads"), replica, problem);
        }

        return new Answer(table, Answer.List(found.Select(static item => item.Cluster)));
    }

    private static string Text(JsonElement cluster, string name) => !cluster.TryGetProperty(name, out JsonElement value) ? ""
        : value.ValueKind == JsonValueKind.Number ? value.GetInt64().ToString(CultureInfo.InvariantCulture)
        : value.GetString() ?? "";

    private static async Task<string?> AskAsync(string address, List<(string Replica, JsonElement Cluster)> found, CancellationToken cancellation)
    {
        using AdminPort? port = AdminPort.At(address, out string? error);
        return port is null ? error : await ReadAsync(port, found, cancellation);
    }

    private static async Task<string?> AskAllAsync(SourceOptions source, ParseResult parsed, List<(string Replica, JsonElement Cluster)> found, CancellationToken cancellation)
    {
        using ClusterAccess? cluster = source.Cluster(parsed, out string? error);
        if (cluster is null)
        {
            return error;
        }

        string space = source.Namespace(parsed);
        ApiResult<ListPage<Pod>> listed = await cluster.Api.ListAsync(KnownResources.Pods, new ResourceScope(space, ControlPlaneLabel), cancellation);
        if (!listed.IsOk(out ListPage<Pod>? page, out ApiError? refused))
        {
            return $"pods of {space} cannot be listed: {refused}";
        }

        foreach (Pod pod in page.Items.Where(static pod => pod.Status.Phase == "Running").OrderBy(static pod => pod.Metadata.Name, StringComparer.Ordinal))
        {
            using var port = new AdminPort(
                pod.Metadata.Name, new Uri($"http://127.0.0.1:{MetricsPort}"), stop => cluster.Forward.ConnectAsync(pod.Metadata.Namespace, pod.Metadata.Name, MetricsPort, stop));
            if (await ReadAsync(port, found, cancellation) is { } failed)
            {
                return failed;
            }
        }

        return found.Count == 0 ? $"no replica of the control plane runs in {space}" : null;
    }

    private static async Task<string?> ReadAsync(AdminPort port, List<(string Replica, JsonElement Cluster)> found, CancellationToken cancellation)
    {
        (byte[]? body, string? error) = await port.GetAsync("/debug/clusterz", cancellation);
        if (body is null)
        {
            return $"{error}; several clusters are one mesh only with AMBIENT_ENABLE_MULTI_NETWORK=true";
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(body);
            found.AddRange(json.RootElement.EnumerateArray().Select(cluster => (port.Name, cluster.Clone())));
            return null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return $"what {port.Name} answers is no list of clusters: {unreadable.Message}";
        }
    }
}
