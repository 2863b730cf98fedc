using Ambient.Grpc.Framing;
using Ambient.Mesh.Identities;
using Ambient.Protocol.Envoy.Discovery;

namespace Ambient.Xds.Server.Serving;

/// <summary>Who a client says it is, held against who it has shown to be (control-plane reference 5.2, 5.3). Immutable.</summary>
/// <param name="Id">The node id.</param>
/// <param name="NodeName">The Kubernetes node.</param>
internal sealed record ClientNode(string Id, string NodeName)
{
    private const int MaxId = 1024;

    /// <summary>Reads the node of a stream's first request and checks that the caller may be it.</summary>
    /// <exception cref="GrpcException">There is no id, it has not four parts, or it is another's.</exception>
    internal static ClientNode Check(Node? node, IReadOnlyList<SpiffeId> callers)
    {
        if (node is null || node.Id.Length is 0 or > MaxId)
        {
            throw new GrpcException(GrpcCode.InvalidArgument, "the first request has no node id");
        }

        string[] parts = node.Id.Split('~');
        if (parts.Length != 4 || parts[3].Split('.')[0] is not { Length: > 0 } claimed)
        {
            throw new GrpcException(GrpcCode.InvalidArgument, "the node id is not of the form type~ip~pod.namespace~namespace.svc.domain");
        }

        string account = Text(node, "SERVICE_ACCOUNT");
        bool isAllowed = callers.Any(caller => caller.Namespace == claimed && (account.Length == 0 || caller.ServiceAccount == account));
        return isAllowed
            ? new ClientNode(node.Id, Text(node, "NODE_NAME"))
            : throw new GrpcException(GrpcCode.PermissionDenied, "the caller may not act for the namespace or service account of this node id");
    }

    private static string Text(Node node, string key) =>
        node.Metadata is not null && node.Metadata.Fields.TryGetValue(key, out Google.Protobuf.WellKnownTypes.Value? value) && value.StringValue.Length <= MaxId ? value.StringValue : "";
}
