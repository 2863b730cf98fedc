using Ambient.Linux.Namespaces;

namespace Ambient.Cli.Sandbox.Agents;

/// <summary>A pod as the node agent hands it to ztunnel. Immutable.</summary>
/// <param name="Uid">Its unique id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="ServiceAccount">Its service account.</param>
/// <param name="Network">Its network namespace; stays open as long as the agent knows the pod.</param>
internal sealed record AgentPod(string Uid, string Name, string Namespace, string ServiceAccount, NetworkNamespace Network);
