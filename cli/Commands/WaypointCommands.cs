using System.CommandLine;
using System.Text;
using Ambient.Cli.Meshes;
using Ambient.Cli.Output;
using Ambient.Cli.Sources;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cli.Commands;

/// <summary><c>ambientctl waypoint …</c>: waypoints are Gateways of the class istio-waypoint; the control plane makes what runs.</summary>
internal static class WaypointCommands
{
    private const string FieldManager = "ambientctl";

    /// <summary>The whole branch.</summary>
    public static Command Build() => new("waypoint", "Waypoints: the proxies of layer 7.") { Generate(), Apply(), List(), Status(), Delete() };

    private static Command Generate()
    {
        var options = new WaypointOptions();
        var command = new Command("generate", "Prints the Gateway of a waypoint, to be applied by other means.");
        options.AddPlanTo(command);
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.Write(YamlText.Of(options.Plan(parsed, options.NamespaceOf(parsed)).ToGateway()));
            return ExitCodes.Good;
        });
        return command;
    }

    private static Command Apply()
    {
        var source = new SourceOptions();
        var options = new WaypointOptions();
        var enroll = new Option<bool>("--enroll-namespace") { Description = "Label the namespace, so that its services use the waypoint." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Also where the namespace's label names another waypoint." };
        var wait = new Option<bool>("--wait", "-w") { Description = "Wait until it is programmed." };
        var patience = new Option<int>("--timeout") { Description = "Seconds to wait.", DefaultValueFactory = static _ => 90 };
        var command = new Command("apply", "Makes a waypoint, or brings it to this form.") { enroll, overwrite, wait, patience };
        options.AddPlanTo(command);
        source.AddClusterTo(command);
        command.SetAction((parsed, cancellation) => WithClusterAsync(source, parsed, async cluster =>
        {
            string space = options.NamespaceOf(parsed) ?? cluster.Api.Namespace;
            WaypointPlan plan = options.Plan(parsed, space);
            if (parsed.GetValue(enroll) && await EnrollableAsync(cluster, plan, parsed.GetValue(overwrite), parsed.InvocationConfiguration.Error, cancellation) is { } refusal)
            {
                return Complain(parsed, refusal, ExitCodes.Usage);
            }

            var key = new ResourceKey(space, plan.Name);
            ApiResult<Gateway> applied = await cluster.Api.PatchAsync(KnownResources.Gateways, key, Patch.Apply(Encoding.UTF8.GetBytes(plan.ToGateway().GetRawText()), FieldManager), cancellation);
            if (applied.Error is { } error)
            {
                return Complain(parsed, $"the waypoint {key} cannot be written: {error}", ExitCodes.Unreachable);
            }

            parsed.InvocationConfiguration.Output.WriteLine($"waypoint {key} applied");
            if (parsed.GetValue(enroll))
            {
                ApiResult<Namespace> labelled = await cluster.Api.PatchAsync(
                    KnownResources.Namespaces, new ResourceKey("", space), Label(plan.Name), cancellation);
                if (labelled.Error is { } unlabelled)
                {
                    return Complain(parsed, $"namespace {space} cannot be labelled: {unlabelled}", ExitCodes.Unreachable);
                }

                parsed.InvocationConfiguration.Output.WriteLine($"namespace {space} labelled {MeshFacts.WaypointLabel}={plan.Name}");
            }

            return parsed.GetValue(wait) ? await WaitAsync(cluster, key, TimeSpan.FromSeconds(parsed.GetValue(patience)), parsed, cancellation) : ExitCodes.Good;
        }, cancellation));
        return command;
    }

    private static Command List()
    {
        var source = new SourceOptions();
        var options = new WaypointOptions();
        Option<string> output = OutputOption.Make();
        var all = new Option<bool>("--all-namespaces", "-A") { Description = "Of all namespaces." };
        var command = new Command("list", "Which waypoints there are.") { all, output };
        options.AddNamespaceTo(command);
        source.AddClusterTo(command);
        command.SetAction((parsed, cancellation) => WithClusterAsync(source, parsed, async cluster =>
        {
            string? space = parsed.GetValue(all) ? null : options.NamespaceOf(parsed) ?? cluster.Api.Namespace;
            (IReadOnlyList<Gateway> waypoints, string? error) = await WaypointsAsync(cluster, space, cancellation);
            if (error is not null)
            {
                return Complain(parsed, error, ExitCodes.Unreachable);
            }

            WaypointTables.List(waypoints, space is null).WriteTo(parsed.InvocationConfiguration.Output, parsed.Format(output));
            return ExitCodes.Good;
        }, cancellation));
        return command;
    }

    private static Command Status()
    {
        var source = new SourceOptions();
        var options = new WaypointOptions();
        Option<string> output = OutputOption.Make();
        var name = new Argument<string?>("name") { Description = "Only this waypoint.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("status", "What the control plane says of waypoints; code 1 when one is not programmed.") { name, output };
        options.AddNamespaceTo(command);
        source.AddClusterTo(command);
        command.SetAction((parsed, cancellation) => WithClusterAsync(source, parsed, async cluster =>
        {
            string space = options.NamespaceOf(parsed) ?? cluster.Api.Namespace;
            (IReadOnlyList<Gateway> waypoints, string? error) = await WaypointsAsync(cluster, space, cancellation);
            Gateway[] meant = [.. waypoints.Where(w => parsed.GetValue(name) is not { } one || w.Metadata.Name == one)];
            if (error is not null || (meant.Length == 0 && parsed.GetValue(name) is not null))
            {
                return Complain(parsed, error ?? $"there is no waypoint {space}/{parsed.GetValue(name)}", error is null ? ExitCodes.Usage : ExitCodes.Unreachable);
            }

            WaypointTables.Status(meant).WriteTo(parsed.InvocationConfiguration.Output, parsed.Format(output));
            return meant.All(static w => WaypointTables.Condition(w, "Programmed")?.Status == "True") ? ExitCodes.Good : ExitCodes.Finding;
        }, cancellation));
        return command;
    }

    private static Command Delete()
    {
        var source = new SourceOptions();
        var options = new WaypointOptions();
        var names = new Argument<string[]>("names") { Description = "Waypoints.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "All of the namespace." };
        var command = new Command("delete", "Deletes waypoints; labels that name them stay and are told.") { names, all };
        options.AddNamespaceTo(command);
        source.AddClusterTo(command);
        command.SetAction((parsed, cancellation) => WithClusterAsync(source, parsed, async cluster =>
        {
            string space = options.NamespaceOf(parsed) ?? cluster.Api.Namespace;
            string[] meant = parsed.GetValue(names) ?? [];
            if (parsed.GetValue(all) == meant.Length > 0)
            {
                return Complain(parsed, "say either names or --all", ExitCodes.Usage);
            }

            (IReadOnlyList<Gateway> waypoints, string? error) = await WaypointsAsync(cluster, space, cancellation);
            if (error is not null)
            {
                return Complain(parsed, error, ExitCodes.Unreachable);
            }

            int code = ExitCodes.Good;
            foreach (string name in parsed.GetValue(all) ? waypoints.Select(static w => w.Metadata.Name) : meant)
            {
                // Only waypoints: a Gateway of another class is somebody else's way in.
                ApiError? refused = waypoints.Any(w => w.Metadata.Name == name)
                    ? await cluster.Api.DeleteAsync(KnownResources.Gateways, new ResourceKey(space, name), cancellation)
                    : new ApiError(404, "NotFound", "there is no such waypoint");
                code = refused is null ? code : Complain(parsed, $"{space}/{name}: {refused}", refused.IsNotFound ? ExitCodes.Usage : ExitCodes.Unreachable);
                if (refused is null)
                {
                    parsed.InvocationConfiguration.Output.WriteLine($"waypoint {space}/{name} deleted");
                }
            }

            return code;
        }, cancellation));
        return command;
    }

    private static async Task<int> WithClusterAsync(SourceOptions source, ParseResult parsed, Func<ClusterAccess, Task<int>> act, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using ClusterAccess? cluster = source.Cluster(parsed, out string? error);
        return cluster is null ? Complain(parsed, error!, ExitCodes.Unreachable) : await act(cluster);
    }

    private static Patch Label(string waypoint) => Patch.Merge(
        Encoding.UTF8.GetBytes(Answer.Build(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteStartObject("labels");
            json.WriteString(MeshFacts.WaypointLabel, waypoint);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }).GetRawText()),
        FieldManager);

    private static int Complain(ParseResult parsed, string error, int code)
    {
        parsed.InvocationConfiguration.Error.WriteLine("error: " + error);
        return code;
    }

    private static async Task<(IReadOnlyList<Gateway> Waypoints, string? Error)> WaypointsAsync(ClusterAccess cluster, string? space, CancellationToken cancellation)
    {
        ApiResult<ListPage<Gateway>> listed = await cluster.Api.ListAsync(KnownResources.Gateways, new ResourceScope(space), cancellation, limit: 5000);
        return listed.IsOk(out ListPage<Gateway>? page, out ApiError? error)
            ? ([.. page.Items.Where(static g => g.Spec.GatewayClassName == "istio-waypoint").OrderBy(static g => g.Metadata.Namespace + "/" + g.Metadata.Name, StringComparer.Ordinal)], null)
            : ([], error.IsNotFound ? "the cluster does not know Gateways: install charts/base" : $"Gateways cannot be listed: {error}");
    }

    private static async Task<string?> EnrollableAsync(ClusterAccess cluster, WaypointPlan plan, bool mayOverwrite, TextWriter warnings, CancellationToken cancellation)
    {
        ApiResult<Namespace> read = await cluster.Api.GetAsync(KnownResources.Namespaces, new ResourceKey("", plan.Namespace!), cancellation);
        if (!read.IsOk(out Namespace? space, out ApiError? error))
        {
            return $"namespace {plan.Namespace}: {error}";
        }

        if (space.Metadata.Labels.Find(MeshFacts.ModeLabel) != "ambient")
        {
            warnings.WriteLine($"warning: namespace {plan.Namespace} is not in the mesh; its pods join with: kubectl label namespace {plan.Namespace} {MeshFacts.ModeLabel}=ambient");
        }

        return space.Metadata.Labels.Find(MeshFacts.WaypointLabel) is { } other && other != plan.Name && !mayOverwrite
            ? $"namespace {plan.Namespace} already uses the waypoint {other}; --overwrite replaces it"
            : null;
    }

    private static async Task<int> WaitAsync(ClusterAccess cluster, ResourceKey key, TimeSpan patience, ParseResult parsed, CancellationToken cancellation)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            ApiResult<Gateway> read = await cluster.Api.GetAsync(KnownResources.Gateways, key, cancellation);
            Condition? programmed = read.Value is { } gateway ? WaypointTables.Condition(gateway, "Programmed") : null;
            if (programmed?.Status == "True")
            {
                parsed.InvocationConfiguration.Output.WriteLine($"waypoint {key} is programmed");
                return ExitCodes.Good;
            }

            if (TimeProvider.System.GetElapsedTime(started) > patience)
            {
                return Complain(parsed, $"waypoint {key} is not programmed after {patience.TotalSeconds:0} s: {read.Error?.ToString() ?? programmed?.Message ?? "no controller has looked at it"}", ExitCodes.Finding);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancellation);
        }
    }
}
