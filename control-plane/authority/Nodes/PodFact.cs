namespace Ambient.ControlPlane.Authority.Nodes;

/// <summary>What node authorisation needs to know of a pod. Immutable.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its uid.</param>
/// <param name="ServiceAccount">Its account.</param>
/// <param name="Node">Its node; empty while it has none.</param>
/// <param name="IsFailed">Whether its phase is Failed: such a pod gets nothing.</param>
public sealed record PodFact(string Namespace, string Name, string Uid, string ServiceAccount, string Node, bool IsFailed);
