using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Manifests;

/// <summary>
/// Reads the objects of a manifest: all of it or nothing, as nobody wants half a file, but for policies: those of a file that cannot be read are told, or
/// what stands for them. Objects of unknown kinds are left out. Thread-safe.
/// </summary>
internal sealed class ManifestReader
{
    private readonly Dictionary<(string Group, string Kind), ResourceType> _types;

    public ManifestReader(IEnumerable<ResourceType> types) => _types = types.ToDictionary(t => (t.Group, t.Kind));

    /// <summary>
    /// Reads a text; foreign text gives a problem with its line, never an exception. With a problem, <paramref name="objects"/> are the policies alone.
    /// </summary>
    public bool TryRead(string text, out IReadOnlyList<ManifestObject> objects, [NotNullWhen(false)] out YamlProblem? problem)
    {
        List<ManifestObject> found = [];
        objects = found;
        if (!YamlDocument.TryRead(text, out IReadOnlyList<YamlDocument> documents, out problem))
        {
            return false;
        }

        foreach (YamlDocument document in documents)
        {
            using JsonDocument json = JsonDocument.Parse(document.Json);
            problem = Read(document, json.RootElement, "", found) is { } first ? problem ?? first : problem;
        }

        IGrouping<(string, ResourceKey), ManifestObject>? twice = found.GroupBy(o => o.Identity).FirstOrDefault(g => g.Count() > 1);
        problem ??= twice is null ? null : new YamlProblem(twice.Last().Line, $"{twice.Key.Item1} {twice.Key.Item2} is there twice");
        objects = problem is null ? found : [.. found.Where(static o => IsPolicy(o.Type)).DistinctBy(static o => o.Identity)];
        return problem is null;
    }

    private static bool IsPolicy(ResourceType type) => ReferenceEquals(type, KnownResources.AuthorizationPolicies) || ReferenceEquals(type, KnownResources.PeerAuthentications);

    private YamlProblem? Read(YamlDocument document, JsonElement element, string path, List<ManifestObject> found)
    {
        int line = document.LineOf(path);
        if (element.ValueKind != JsonValueKind.Object)
        {
            return new YamlProblem(line, "is no object");
        }

        if (Text(element, "kind") is not { } kind)
        {
            return new YamlProblem(line, "kind is missing");
        }

        // Kinds of the core are known without their version; nobody else has a Pod.
        bool isNamed = Text(element, "apiVersion") is not null;
        string apiVersion = Text(element, "apiVersion") ?? "v1";

        if (kind == "List" && apiVersion == "v1")
        {
            return ReadList(document, element, path, found);
        }

        int slash = apiVersion.IndexOf('/');
        string group = slash < 0 ? "" : apiVersion[..slash], version = apiVersion[(slash + 1)..];
        if (!_types.TryGetValue((group, kind), out ResourceType? type))
        {
            return isNamed ? null : new YamlProblem(line, $"{kind}: apiVersion is missing");
        }

        if (!type.Versions.Contains(version))
        {
            return new YamlProblem(document.LineOf(path + ".apiVersion"), $"apiVersion: {apiVersion} is not known; {string.Join(", ", type.Versions.Select(type.ApiVersion))}");
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(element, ManifestJson.Default.JsonElement);
        if (!type.TryReadAny(json, out Resource? resource, out ReadProblem? problem))
        {
            if (problem.Remains is { Metadata.Name.Length: > 0 } remains)
            {
                found.Add(new ManifestObject(KnownResources.AuthorizationPolicies, Complete(KnownResources.AuthorizationPolicies, remains), line, Convert.ToHexString(SHA256.HashData(json))));
            }

            return new YamlProblem(document.LineOf(path + "." + problem.Path), $"{kind}: {problem}");
        }

        if (resource.Metadata.Name.Length == 0)
        {
            return new YamlProblem(line, $"{kind}: metadata.name is missing");
        }

        found.Add(new ManifestObject(type, Complete(type, resource), line, Convert.ToHexString(SHA256.HashData(json))));
        return null;
    }

    private YamlProblem? ReadList(YamlDocument document, JsonElement list, string path, List<ManifestObject> found)
    {
        if (!list.TryGetProperty("items", out JsonElement items) || items.ValueKind != JsonValueKind.Array)
        {
            return new YamlProblem(document.LineOf(path), "List: items is no list");
        }

        int at = 0;
        YamlProblem? problem = null;
        foreach (JsonElement item in items.EnumerateArray())
        {
            YamlProblem? next = Read(document, item, $"{path}.items[{at++}]", found);
            problem ??= next;
        }

        return problem;
    }

    /// <summary>What an API server would have added: the namespace, and something that identifies it.</summary>
    private static Resource Complete(ResourceType type, Resource resource)
    {
        ObjectMeta meta = resource.Metadata;
        string space = !type.IsNamespaced ? "" : meta.Namespace.Length > 0 ? meta.Namespace : "default";
        string uid = meta.Uid.Length > 0 ? meta.Uid : space.Length > 0 ? $"{space}.{meta.Name}" : meta.Name;
        return resource with { Metadata = meta with { Namespace = space, Uid = uid } };
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
