using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Controllers.Statuses;

/// <summary>What somebody else writes as well: ours is written once a minute, and it is said with whom we do not agree. Thread-safe.</summary>
/// <param name="controller">Who writes.</param>
/// <param name="client">Says who else does.</param>
/// <param name="later">Makes an object due again after a while, or when the work ends before that.</param>
/// <param name="clock">The time.</param>
/// <param name="log">Where the others are named.</param>
/// <param name="part">What of the objects is written; null: their statuses.</param>
internal sealed class DampedWrites(string controller, KubernetesClient client, Action<(ResourceType Type, ResourceKey Key), TimeSpan, CancellationToken> later, TimeProvider clock, Logger log, DampedPart? part = null)
{
    private readonly DampedPart _part = part ?? DampedPart.Status;
    private readonly WriteDamper<(ResourceType Type, ResourceKey Key)> _damper = new(clock);

    /// <summary>Whether an object may be written now; if not, its object is due again when it may.</summary>
    internal async Task<bool> MayWriteAsync((ResourceType Type, ResourceKey Key) at, object wanted, long generation, CancellationToken cancellation)
    {
        WriteVerdict verdict = _damper.Judge(at, wanted, generation);
        if (verdict.Later is { } pause)
        {
            later(at, pause, cancellation);
        }

        if (verdict.IsNews)
        {
            IReadOnlyList<string> managers = await client.ManagersAsync(at.Type, at.Key, _part.Subresource, cancellation);
            log.Warn(
                $"somebody else writes the same {_part.Name} again and again; ours is written once a minute{_part.Advice}",
                LogField.Of("controller", controller),
                LogField.Of("kind", at.Type.Kind),
                LogField.Of("object", at.Key.ToString()),
                LogField.Of("managers", string.Join(", ", managers.Where(name => name != _part.Manager))));
        }

        return verdict.IsAllowed;
    }

    /// <summary>It is written.</summary>
    internal void Note((ResourceType Type, ResourceKey Key) at, object wanted, long generation) => _damper.Note(at, wanted, generation);

    /// <summary>A new term begins: nothing is awaited.</summary>
    internal void Clear() => _damper.Clear();
}
