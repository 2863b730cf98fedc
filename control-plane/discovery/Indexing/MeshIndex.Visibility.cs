using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Discovery.Services;
using Ambient.ControlPlane.Discovery.Visibility;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Protocol.Istio.Workload;

namespace Ambient.ControlPlane.Discovery.Indexing;

public sealed partial class MeshIndex
{
    private VisibilityRules _visibility = VisibilityRules.Absent;
    private string? _visibilityRead;
    private bool _wasVisibilityRead;

    /// <summary>Who may see ServiceEntries, from MeshConfig as YAML; null: there is none. What is wrong with it, or null; then what it said last stays (Q22), and where nothing was ever read entries are shown to their own namespaces alone.</summary>
    public string? SetVisibility(string? meshConfig)
    {
        if (_wasVisibilityRead && meshConfig == _visibilityRead)
        {
            return null;
        }

        if (VisibilityRules.TryRead(meshConfig, out VisibilityRules? rules, out string? error))
        {
            (_visibilityRead, _wasVisibilityRead) = (meshConfig, true);
            Obey(rules);
        }
        else if (!_wasVisibilityRead)
        {
            // What was to be hidden must not be shown because of a slip in the text.
            Obey(VisibilityRules.Unreadable);
        }

        return error;
    }

    private void Obey(VisibilityRules rules)
    {
        bool isSame = !_visibility.IsConfigured && !rules.IsConfigured;
        _visibility = rules;
        foreach (ResourceKey key in isSame ? [] : _serviceEntryLabels.All.ToArray())
        {
            RefreshServiceEntry(key);
        }
    }

    /// <summary>The services of an entry, as far as anybody may see them.</summary>
    private IReadOnlyList<ServiceView> Visible(ServiceEntry entry)
    {
        EntryVisibility visibility = _visibility.Of(LabelsOf(entry.Metadata.Namespace));
        if (visibility == EntryVisibility.None)
        {
            return [];
        }

        IReadOnlyList<ServiceView> views = ServiceConversion.OfEntry(entry, AnnotationsOf(entry.Metadata.Namespace), _network);
        foreach (ServiceView view in visibility == EntryVisibility.Namespace ? views : [])
        {
            view.Message.Visibility = Service.Types.Visibility.Namespace;
        }

        return views;
    }

    /// <summary>Whether an entry that only its own namespace sees names a waypoint of another, which would show it there.</summary>
    private bool IsForbidden(ResourceKey waypoint, string @namespace, bool isEntry) =>
        isEntry && waypoint.Namespace != @namespace && _visibility.Of(LabelsOf(@namespace)) == EntryVisibility.Namespace;

    private IEnumerable<Condition> VisibilityConditions(string @namespace)
    {
        if (!_visibility.IsConfigured)
        {
            yield break;
        }

        EntryVisibility visibility = _visibility.Of(LabelsOf(@namespace));
        yield return visibility == EntryVisibility.None
            ? new Condition { Type = ConditionTypes.VisibilityApplied, Status = "True", Reason = "None", Message = "serviceEntryVisibility of the mesh lets nobody see it: it has no effect" }
            : new Condition
            {
                Type = ConditionTypes.VisibilityApplied,
                Status = "True",
                Reason = visibility.ToString(),
                Message = visibility == EntryVisibility.Public ? "its hosts are known to the whole mesh" : "its hosts are known to its own namespace alone",
            };
    }
}
