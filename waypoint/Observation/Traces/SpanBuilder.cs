using System.Globalization;
using Ambient.Mesh.Workloads;
using Ambient.Protocol.L7;
using Ambient.Routing.Access;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Observation.Logs;

namespace Ambient.Waypoint.Observation.Traces;

/// <summary>Makes the span of a request that is over, with the tags of Envoy and Istio (waypoint reference 4.7). Pure.</summary>
internal static class SpanBuilder
{
    // Of any value: what clients send must not fill the queue's memory.
    private const int MaxValueLength = 256;

    public static FinishedSpan Build(ObservedRequest seen, TracePlan plan)
    {
        List<KeyValuePair<string, string>> tags = new(40);
        bool isError = IsError(seen.Record);
        AddRequest(tags, seen, plan);
        if (seen.Record.IsGrpc)
        {
            AddGrpc(tags, seen);
        }

        if (isError)
        {
            Add(tags, "error", "true");
        }

        if (plan.HasIstioTags)
        {
            AddIstio(tags, seen, plan);
        }

        AddDryRun(tags, "deny", seen.Record.DryRun?.Deny);
        AddDryRun(tags, "allow", seen.Record.DryRun?.Allow);
        foreach (SpanTag tag in plan.Tags)
        {
            string value = tag.ValueFor(seen);
            if (value.Length > 0)
            {
                tags.RemoveAll(known => known.Key == tag.Name);
                Add(tags, tag.Name, value);
            }
        }

        return new FinishedSpan(seen.Record.Trace, NameOf(seen), seen.Record.StartTime, seen.Duration, isError, Cut(seen.RequestField("tracestate")), tags);
    }

    /// <summary>What the span is called: the destination and its port, and what the route matches.</summary>
    public static string NameOf(ObservedRequest seen)
    {
        RequestRecord record = seen.Record;
        string path = record.Route?.Path is not { } matcher ? "/*"
            : matcher.Kind is PathMatch.KindOneofCase.Prefix or PathMatch.KindOneofCase.SegmentPrefix ? matcher.Text + "*"
            : matcher.Text;
        bool isOne = record.Route is not { } route || route.Action.Targets.All.Count == 1;
        string name = isOne ? record.Service?.Hostname ?? seen.Tunnel.Served.Service.Hostname : record.RouteName;
        return string.Create(CultureInfo.InvariantCulture, $"{name}:{record.ServicePort ?? seen.Tunnel.Facts.DestinationPort}{path}");
    }

    private static bool IsError(RequestRecord record) => record.Status is 0 or >= 500 || record.GrpcStatus is not ("" or "0")
        || (record.Flags & (ResponseFlags.UpstreamReset | ResponseFlags.UpstreamClosed)) != ResponseFlags.None;

    private static void AddRequest(List<KeyValuePair<string, string>> tags, ObservedRequest seen, TracePlan plan)
    {
        RequestRecord record = seen.Record;
        string path = record.Target.Length > plan.MaxPathLength ? record.Target[..plan.MaxPathLength] : record.Target;
        Add(tags, "node_id", NodeName.Of(seen.Tunnel.Loop.Options));
        Add(tags, "component", "proxy");
        tags.Add(new("http.url", $"{seen.RequestField(":scheme") ?? "http"}://{Cut(record.Authority)}{path}"));
        Add(tags, "http.method", record.Method);
        Add(tags, "http.protocol", record.Protocol);
        Add(tags, "http.status_code", Text(record.Status));
        Add(tags, "guid:x-request-id", record.RequestId);
        Add(tags, "upstream_cluster", record.Cluster);
        Add(tags, "upstream_cluster.name", record.Cluster);
        Add(tags, "upstream_address", record.UpstreamHost);
        Add(tags, "peer.address", seen.Tunnel.Source.Address.ToString());
        Add(tags, "user_agent", record.UserAgent);
        Add(tags, "request_size", Text(record.BytesReceived));
        Add(tags, "response_size", Text(record.BytesSent));
        Add(tags, "response_flags", ResponseFlagText.Of(record.Flags));
        Add(tags, "downstream_cluster", "-");
    }

    private static void AddGrpc(List<KeyValuePair<string, string>> tags, ObservedRequest seen)
    {
        Add(tags, "grpc.path", seen.Record.Target);
        Add(tags, "grpc.authority", seen.Record.Authority);
        Add(tags, "grpc.content_type", seen.RequestField("content-type"));
        Add(tags, "grpc.timeout", seen.RequestField("grpc-timeout"));
        Add(tags, "grpc.status_code", seen.Record.GrpcStatus);
        Add(tags, "grpc.message", seen.Record.Kept?.Trailer("grpc-message") ?? seen.Record.Kept?.Field("grpc-message"));
    }

    private static void AddIstio(List<KeyValuePair<string, string>> tags, ObservedRequest seen, TracePlan plan)
    {
        Add(tags, "istio.canonical_revision", "latest");
        Add(tags, "istio.canonical_service", seen.Tunnel.Loop.Identity.ServiceAccount);
        Add(tags, "istio.mesh_id", plan.MeshId);
        Add(tags, "istio.namespace", seen.Tunnel.Loop.Identity.Namespace);
        Add(tags, "istio.cluster_id", plan.ClusterId);
        AddPeer(tags, "istio.source_", seen.Source);
        AddPeer(tags, "istio.destination_", seen.Record.Endpoint);
    }

    // Waypoint reference 2.6.7.
    private static void AddDryRun(List<KeyValuePair<string, string>> tags, string kind, AccessVerdict? verdict)
    {
        if (verdict is { } said)
        {
            Add(tags, $"istio.authorization.dry_run.{kind}_policy.name", said.RuleId);
            Add(tags, $"istio.authorization.dry_run.{kind}_policy.result", said.IsAllowed ? "allowed" : "denied");
        }
    }

    private static void AddPeer(List<KeyValuePair<string, string>> tags, string prefix, Workload? peer)
    {
        if (peer is null)
        {
            return;
        }

        Add(tags, prefix + "workload", peer.WorkloadName);
        Add(tags, prefix + "workload_type", peer.Type.ToString().ToLowerInvariant());
        Add(tags, prefix + "namespace", peer.Namespace);
        Add(tags, prefix + "cluster_id", peer.ClusterId);
        Add(tags, prefix + "canonical_service", peer.CanonicalName);
        Add(tags, prefix + "canonical_revision", peer.CanonicalRevision);
        Add(tags, prefix + "app", peer.CanonicalName);
        Add(tags, prefix + "app_version", peer.CanonicalRevision);
        Add(tags, prefix + "instance_name", peer.Name);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Cut(string? value) => value is { Length: > MaxValueLength } ? value[..MaxValueLength] : value;

    private static void Add(List<KeyValuePair<string, string>> tags, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            tags.Add(new(name, Cut(value)!));
        }
    }
}
