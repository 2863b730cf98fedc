using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Serving;

public sealed partial class WaypointIndex
{
    private readonly ReferenceUses<Unit> _referrers = new();

    /// <summary>The Secrets and ConfigMaps that something in force depends on.</summary>
    public IReadOnlyCollection<ReferenceKey> References => [.. _referrers.Keys.Union(_judgedBy.Keys)];

    /// <summary>A Secret or ConfigMap is another, there, or gone: what was made with it is made anew.</summary>
    public void OnReference(ReferenceKey reference)
    {
        _due.UnionWith(_referrers.Of(reference));
        _toJudge.UnionWith(_judgedBy.Of(reference));
    }

    /// <summary>Finds what an object names, for a piece, and notes that it was asked for.</summary>
    private Func<ReferenceKey, Referenced> ReferencesFor(Unit unit) => reference =>
    {
        _referrers.Note(unit, reference);
        return _references(reference);
    };
}
