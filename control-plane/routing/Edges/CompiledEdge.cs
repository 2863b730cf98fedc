using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Edges;

/// <summary>The ports of one ingress gateway, and what is to be said about the objects they were made of. Immutable.</summary>
/// <param name="Ports">Its ports.</param>
/// <param name="Credentials">Their certificates. Never logged.</param>
/// <param name="Routes">Routes, by host and listener.</param>
/// <param name="Listeners">What becomes of each listener of its Gateway.</param>
/// <param name="Attachments">What becomes of each route at its Gateway.</param>
/// <param name="Problems">What could not be done, by object.</param>
/// <param name="Used">The objects that have a part in it.</param>
public sealed record CompiledEdge(
    IReadOnlyList<EdgePort> Ports,
    IReadOnlyList<EdgeCredential> Credentials,
    IReadOnlyList<ServiceRoutes> Routes,
    IReadOnlyList<ListenerVerdict> Listeners,
    IReadOnlyList<RouteAttachment> Attachments,
    IReadOnlyList<RoutingProblem> Problems,
    IReadOnlyCollection<ObjectName> Used);
