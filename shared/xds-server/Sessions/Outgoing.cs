using Ambient.Grpc.Framing;
using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Server.Resources;

namespace Ambient.Xds.Server.Sessions;

/// <summary>A response to be sent. Immutable.</summary>
/// <param name="TypeUrl">The type.</param>
/// <param name="Nonce">What the client answers with.</param>
/// <param name="Resources">What it is to set.</param>
/// <param name="Removed">What it is to forget.</param>
internal sealed record Outgoing(string TypeUrl, string Nonce, IReadOnlyList<ResourceEntry> Resources, IReadOnlyList<string> Removed)
{
    /// <summary>The message in its frame: a head of its own, then resources in the bytes that all clients share.</summary>
    internal IEnumerable<ReadOnlyMemory<byte>> ToParts()
    {
        var head = new DeltaDiscoveryResponse { TypeUrl = TypeUrl, Nonce = Nonce };
        head.RemovedResources.AddRange(Removed);
        yield return MessageWriter.FrameStart(head, Resources.Sum(static entry => entry.Field.Length));
        foreach (ResourceEntry entry in Resources)
        {
            yield return entry.Field;
        }
    }
}
