using System.CommandLine;
using Ambient.Cli.Output;
using Ambient.Cli.Sources;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl version</c>: this program's, and those of the parts in a cluster.</summary>
internal static class VersionCommand
{
    private static readonly (string Part, string Label)[] Parts = [("control plane", "app=istiod"), ("node agent", "k8s-app=istio-cni-node"), ("ztunnel", "app=ztunnel")];

    /// <summary>The command.</summary>
    public static Command Build()
    {
        var source = new SourceOptions();
        Option<string> output = OutputOption.Make();
        var remote = new Option<bool>("--remote") { Description = "Also of the cluster's parts." };
        var command = new Command("version", "Versions of this program and, with --remote, of the cluster and the parts of the mesh.") { remote, output };
        source.AddClusterTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var table = new Table("PART", "VERSION", "PODS");
            table.Add("ambientctl", typeof(VersionCommand).Assembly.GetName().Version!.ToString(3), "");
            int code = ExitCodes.Good;
            if (parsed.GetValue(remote) && await AddRemoteAsync(table, source, parsed, cancellation) is { } error)
            {
                parsed.InvocationConfiguration.Error.WriteLine("error: " + error);
                code = ExitCodes.Unreachable;
            }

            new Answer(table, Answer.Build(json =>
            {
                json.WriteStartArray();
                foreach (string[] row in table.Rows)
                {
                    json.WriteStartObject();
                    json.WriteString("part", row[0]);
                    json.WriteString("version", row[1]);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            })).WriteTo(parsed.InvocationConfiguration.Output, parsed.Format(output));
            return code;
        });
        return command;
    }

    private static async Task<string?> AddRemoteAsync(Table table, SourceOptions source, ParseResult parsed, CancellationToken cancellation)
    {
        using ClusterAccess? cluster = source.Cluster(parsed, out string? error);
        if (cluster is null)
        {
            return error;
        }

        ApiResult<ServerVersion> version = await cluster.Api.VersionAsync(cancellation);
        if (!version.IsOk(out ServerVersion? known, out ApiError? refused))
        {
            return $"the API server {cluster.Server} does not answer: {refused}";
        }

        table.Add("Kubernetes", known.GitVersion, "");
        foreach ((string part, string label) in Parts)
        {
            ApiResult<ListPage<Pod>> pods = await cluster.Api.ListAsync(KnownResources.Pods, new ResourceScope(source.Namespace(parsed), label), cancellation);
            if (!pods.IsOk(out ListPage<Pod>? page, out refused))
            {
                return refused.ToString();
            }

            foreach (IGrouping<string, Pod> same in page.Items.GroupBy(static p => p.Metadata.Labels.Find("app.kubernetes.io/version") ?? "unknown").OrderBy(static g => g.Key, StringComparer.Ordinal))
            {
                table.Add(part, same.Key, same.Count().ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return null;
    }
}
