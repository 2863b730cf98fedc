namespace Ambient.Ztunnel.Proxying;

/// <summary>
/// What one connection asked the control plane for, in on-demand mode (ztunnel.md 4.5). Each name is asked for once: a decision that
/// still lacks it afterwards takes it as unknown. Loop-affine.
/// </summary>
/// <remarks>
/// A control plane that does not answer in time is no answer: whoever asked is refused, because an unknown address would be dialled
/// as one outside the mesh, in plain text.
/// </remarks>
internal sealed class ResourceWait(PodLoop pod)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>The names for the decision; null when the control plane sends everything anyway.</summary>
    public static ResourceWait? For(PodLoop pod) => pod.Context.Demand is null ? null : new ResourceWait(pod);

    /// <summary>What was asked for already.</summary>
    public IReadOnlySet<string> Asked => _asked;

    /// <summary>Asks; the callback runs on the pod's loop with the name and whether there was an answer, and whose method it is ends when it throws.</summary>
    public void Begin(string name, Action<string, bool> answered)
    {
        _asked.Add(name);
        pod.Context.Demand!(name, (_, answer) => pod.Loop.Post(_ => answered(name, answer), answered.Target), null);
    }
}
