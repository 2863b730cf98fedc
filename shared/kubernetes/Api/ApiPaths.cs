using System.Globalization;
using System.Text;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Api;

/// <summary>Paths and queries of the API. Pure; every name is escaped.</summary>
internal static class ApiPaths
{
    public static string Group(string group, string version) => group.Length == 0 ? "/api/" + version : $"/apis/{group}/{version}";

    public static string Collection(ResourceType type, string version, string? space)
    {
        string within = type.IsNamespaced && !string.IsNullOrEmpty(space) ? $"/namespaces/{Uri.EscapeDataString(space)}" : "";
        return $"{Group(type.Group, version)}{within}/{type.Plural}";
    }

    public static string Object(ResourceType type, string version, ResourceKey key, string? subresource = null)
    {
        // Without a name the path would be the collection's, and a DELETE of that deletes everything.
        ArgumentException.ThrowIfNullOrEmpty(key.Name);
        if (key.Name is "." or ".." || (type.IsNamespaced && string.IsNullOrEmpty(key.Namespace)))
        {
            throw new ArgumentException($"'{key}' names no {type.Kind}", nameof(key));
        }

        return $"{Collection(type, version, key.Namespace)}/{Uri.EscapeDataString(key.Name)}{(subresource is null ? "" : "/" + subresource)}";
    }

    public static string ListQuery(ResourceScope scope, int limit, string? continueAt)
    {
        StringBuilder query = Select(scope).Append("limit=").Append(limit.ToString(CultureInfo.InvariantCulture));
        return "?" + (string.IsNullOrEmpty(continueAt) ? query : query.Append("&continue=").Append(Uri.EscapeDataString(continueAt)));
    }

    public static string WatchQuery(ResourceScope scope, string resourceVersion, TimeSpan length) => "?" + Select(scope)
        .Append("watch=true&allowWatchBookmarks=true&resourceVersion=").Append(Uri.EscapeDataString(resourceVersion))
        .Append("&timeoutSeconds=").Append(((int)length.TotalSeconds).ToString(CultureInfo.InvariantCulture));

    public static string PatchQuery(Patch patch) => (patch.FieldManager, patch.IsForced) switch
    {
        (null, _) => "",
        ({ } manager, true) => $"?fieldManager={Uri.EscapeDataString(manager)}&force=true",
        ({ } manager, false) => $"?fieldManager={Uri.EscapeDataString(manager)}",
    };

    private static StringBuilder Select(ResourceScope scope)
    {
        var query = new StringBuilder();
        _ = scope.Labels is null ? query : query.Append("labelSelector=").Append(Uri.EscapeDataString(scope.Labels)).Append('&');
        return scope.Fields is null ? query : query.Append("fieldSelector=").Append(Uri.EscapeDataString(scope.Fields)).Append('&');
    }
}
