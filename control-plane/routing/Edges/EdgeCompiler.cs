using Ambient.ControlPlane.Routing.Reading;

namespace Ambient.ControlPlane.Routing.Edges;

/// <summary>From Gateways of both APIs and what is bound to them to the ports of an ingress gateway (waypoint reference 7). A pure function.</summary>
public static class EdgeCompiler
{
    /// <summary>Compiles the ports of one gateway. What is not in force as written is among the problems.</summary>
    public static CompiledEdge Compile(EdgeScope scope)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ProblemList problems = new();
        EdgeDraft draft = new(scope.Scope.Namespace, problems);
        CredentialReader credentials = new(scope.Scope);
        GatewayListeners listeners = new(scope, draft, credentials, problems);
        if (scope.Gateway is not null)
        {
            listeners.Compile(scope.Gateway);
        }

        new GatewayServers(scope, draft, credentials, problems).Compile();
        return new CompiledEdge([.. draft.Ports.Values], credentials.All, draft.Routes, listeners.Verdicts, listeners.Attachments, problems.All, problems.Used);
    }
}
