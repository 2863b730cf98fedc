using System.Collections.Concurrent;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Selection;

/// <summary>
/// Which namespaces of a cluster the control plane looks into. The system and the root namespace always are among them: without the mesh's own policies less would be
/// refused than was meant. One that is not known counts as one without labels. Reading is thread-safe; one thread at a time may write.
/// </summary>
/// <param name="settings">Where the control plane and the mesh's policies are.</param>
internal sealed class NamespaceSelection(MeshSettings settings)
{
    private readonly ConcurrentDictionary<string, StringMap> _labels = new(StringComparer.Ordinal);
    private volatile DiscoverySelectors _selectors = DiscoverySelectors.Absent;
    private string? _read;

    /// <summary>The namespaces that are there.</summary>
    internal ICollection<string> Known => _labels.Keys;

    /// <summary>MeshConfig as it was last obeyed.</summary>
    internal string? Read => _read;

    /// <summary>Whether a namespace is selected; what is in none always is.</summary>
    internal bool Contains(string name) => Contains(_selectors, name);

    /// <summary>A namespace as it is now; null: it is gone. Whether it is selected now and was not before, or the other way round.</summary>
    internal bool Set(string name, StringMap? labels)
    {
        bool before = Contains(name);
        if (labels is null)
        {
            _labels.TryRemove(name, out _);
        }
        else
        {
            _labels[name] = labels;
        }

        return before != Contains(name);
    }

    /// <summary>MeshConfig as YAML; null: there is none. What is wrong with it, or null; then what it said last stays.</summary>
    /// <param name="yaml">MeshConfig.</param>
    /// <param name="isOther">Whether a namespace is selected now and was not before, or the other way round; null: none is.</param>
    internal string? Obey(string? yaml, out Func<string, bool>? isOther)
    {
        isOther = null;
        if (yaml == _read)
        {
            return null;
        }

        if (!DiscoverySelectors.TryRead(yaml, out DiscoverySelectors? now, out string? error))
        {
            return error;
        }

        (DiscoverySelectors before, _selectors, _read) = (_selectors, now, yaml);
        isOther = before == now ? null : name => Contains(before, name) != Contains(now, name);
        return null;
    }

    private bool Contains(DiscoverySelectors selectors, string name) =>
        name.Length == 0 || name == settings.SystemNamespace || name == settings.RootNamespace || selectors.Selects(_labels.GetValueOrDefault(name) ?? StringMap.Empty);
}
