using Ambient.Linux.Namespaces;
using Ambient.Protocol.Istio.Zds;
using Google.Protobuf;

namespace Ambient.Cli.Sandbox.Agents;

/// <summary>One packet for ztunnel and who waits for its answer. Immutable.</summary>
internal sealed class AgentMessage
{
    private AgentMessage(WorkloadRequest request, string? uid, NetworkNamespace? network)
    {
        Packet = request.ToByteArray();
        Uid = uid;
        Network = network;
    }

    public byte[] Packet { get; }

    /// <summary>The pod it adds; null for anything else.</summary>
    public string? Uid { get; }

    public NetworkNamespace? Network { get; }

    public static AgentMessage Add(AgentPod pod) => new(
        new WorkloadRequest
        {
            Add = new AddWorkload
            {
                Uid = pod.Uid,
                WorkloadInfo = new WorkloadInfo { Name = pod.Name, Namespace = pod.Namespace, ServiceAccount = pod.ServiceAccount },
            },
        },
        pod.Uid,
        pod.Network);

    public static AgentMessage Delete(string uid) => new(new WorkloadRequest { Del = new DelWorkload { Uid = uid } }, null, null);

    public static AgentMessage SnapshotSent() => new(new WorkloadRequest { SnapshotSent = new SnapshotSent() }, null, null);
}
