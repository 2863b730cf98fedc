using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Discovery.Selection;

/// <summary><c>discoverySelectors</c> of MeshConfig: the namespaces that the control plane looks into are those that any of them matches. Immutable.</summary>
internal sealed class DiscoverySelectors
{
    private const string Field = "discoverySelectors";
    private readonly IReadOnlyList<LabelSelector> _selectors;

    private DiscoverySelectors(IReadOnlyList<LabelSelector> selectors) => _selectors = selectors;

    /// <summary>Nobody said anything: every namespace is.</summary>
    internal static DiscoverySelectors Absent { get; } = new([]);

    /// <summary>Whether a namespace with these labels is selected.</summary>
    internal bool Selects(StringMap labels) => _selectors.Count == 0 || _selectors.Any(selector => selector.Matches(labels));

    /// <summary>Reads MeshConfig. A field that is not known is an error: what is misspelt would select everything.</summary>
    internal static bool TryRead(string? yaml, [NotNullWhen(true)] out DiscoverySelectors? selectors, [NotNullWhen(false)] out string? error) =>
        MeshConfigReader.TryRead(yaml, Field, Absent, Read, out selectors, out error);

    private static DiscoverySelectors Read(JsonElement json) => new([.. MeshConfigReader.Items(json, Field).Select(static (item, index) => MeshConfigReader.Selector(item, $"{Field}[{index}]"))]);
}
