using Ambient.ControlPlane.Authority.Callers;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Routing.Keys;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Watching;

namespace Ambient.ControlPlane;

/// <summary>What the control plane stands on: a Kubernetes API, or a folder. Immutable.</summary>
/// <param name="Objects">Where objects come from.</param>
/// <param name="Tokens">Who judges tokens.</param>
/// <param name="Root">Where the root is kept.</param>
/// <param name="Api">The API that controllers write to; null: there is none, and no controllers.</param>
public sealed record ControlPlaneSources(IResourceSource Objects, ITokenReviewer Tokens, IRootStore Root, KubernetesClient? Api)
{
    /// <summary>Where key sets outlive the process; null: nowhere.</summary>
    public IKeySetMemory? KeySets { get; init; }
}
