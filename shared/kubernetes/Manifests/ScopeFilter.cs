using System.Diagnostics.CodeAnalysis;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Kubernetes.Manifests;

/// <summary>Chooses objects as an API server would: by namespace, labels, and the fields that are in use. Immutable.</summary>
internal sealed class ScopeFilter
{
    private readonly string? _namespace;
    private readonly LabelSelector _labels;
    private readonly IReadOnlyList<(string Field, string Value, bool IsEqual)> _fields;

    private ScopeFilter(string? space, LabelSelector labels, IReadOnlyList<(string, string, bool)> fields) => (_namespace, _labels, _fields) = (space, labels, fields);

    public static bool TryMake(ResourceScope scope, [NotNullWhen(true)] out ScopeFilter? filter, [NotNullWhen(false)] out string? error)
    {
        filter = null;
        if (!LabelSelector.TryParse(scope.Labels ?? "", out LabelSelector? labels, out error))
        {
            return false;
        }

        List<(string, string, bool)> fields = [];
        foreach (string part in (scope.Fields ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            bool isEqual = !part.Contains("!=", StringComparison.Ordinal);
            string[] sides = part.Split(isEqual ? part.Contains("==", StringComparison.Ordinal) ? "==" : "=" : "!=", 2);
            if (sides.Length != 2 || sides[0] is not ("metadata.name" or "metadata.namespace" or "spec.nodeName"))
            {
                error = $"field selector '{part}': metadata.name, metadata.namespace and spec.nodeName are known";
                return false;
            }

            fields.Add((sides[0], sides[1], isEqual));
        }

        error = null;
        filter = new ScopeFilter(scope.Namespace, labels, fields);
        return true;
    }

    public bool Matches(Resource resource) =>
        (_namespace is null || resource.Metadata.Namespace == _namespace) && _labels.Matches(resource.Metadata.Labels) && _fields.All(f => Field(resource, f.Field) == f.Value == f.IsEqual);

    private static string Field(Resource resource, string field) => field switch
    {
        "metadata.name" => resource.Metadata.Name,
        "metadata.namespace" => resource.Metadata.Namespace,
        _ => (resource as Pod)?.Spec.NodeName ?? "",
    };
}
