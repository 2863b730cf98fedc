using System.Net;

namespace Ambient.Topology.Containers;

/// <summary>What a chain of CNI plugins gave a sandbox. Immutable.</summary>
/// <param name="Addresses">Its addresses, in the order of the result.</param>
/// <param name="Plugins">Types of the plugins, in the order in which they ran.</param>
public sealed record CniAttachment(IReadOnlyList<IPAddress> Addresses, IReadOnlyList<string> Plugins);
