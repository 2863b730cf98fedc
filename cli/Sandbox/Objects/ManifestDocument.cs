using System.Globalization;
using System.Diagnostics.CodeAnalysis;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ambient.Cli.Sandbox.Objects;

/// <summary>One object of a manifest, as it was written. Not thread-safe.</summary>
internal sealed class ManifestDocument
{
    private static readonly HashSet<string> ClusterWide = new(StringComparer.Ordinal) { "Namespace", "Node", "GatewayClass", "CustomResourceDefinition" };

    private ManifestDocument(YamlMappingNode root) => Root = root;

    /// <summary>The whole object.</summary>
    public YamlMappingNode Root { get; }

    /// <summary>Its kind.</summary>
    public string Kind => Text("kind");

    /// <summary>Its name.</summary>
    public string Name => Text("metadata", "name");

    /// <summary>Its namespace; empty for what belongs to the cluster.</summary>
    public string Namespace => ClusterWide.Contains(Kind) ? "" : Text("metadata", "namespace") is { Length: > 0 } given ? given : "default";

    /// <summary>The file that holds it in the sandbox's folder.</summary>
    public string File => $"{Kind.ToLowerInvariant()}.{(Namespace.Length > 0 ? Namespace + "." : "")}{Name}.yaml";

    /// <summary>Reads the objects of a text; null with what is wrong and where.</summary>
    public static IReadOnlyList<ManifestDocument>? Read(string text, [NotNullWhen(false)] out string? error)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException wrong)
        {
            error = string.Create(CultureInfo.InvariantCulture, $"line {wrong.Start.Line}: {wrong.Message}");
            return null;
        }

        var found = new List<ManifestDocument>();
        foreach (YamlDocument document in stream.Documents)
        {
            if (document.RootNode is not YamlMappingNode root || new ManifestDocument(root) is not { Kind.Length: > 0, Name.Length: > 0 } one)
            {
                error = string.Create(CultureInfo.InvariantCulture, $"line {document.RootNode.Start.Line}: is no object with kind and metadata.name");
                return null;
            }

            found.Add(one);
        }

        error = null;
        return found;
    }

    /// <summary>A node below the root; null when it is not there.</summary>
    public YamlNode? Find(params ReadOnlySpan<string> path)
    {
        YamlNode? at = Root;
        foreach (string key in path)
        {
            at = at is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? next) ? next : null;
        }

        return at;
    }

    /// <summary>A text below the root; empty when it is not there.</summary>
    public string Text(params ReadOnlySpan<string> path) => Find(path) is YamlScalarNode { Value: { } value } ? value : "";

    /// <summary>A mapping of texts below the root.</summary>
    public Dictionary<string, string> Map(params ReadOnlySpan<string> path) => Find(path) is YamlMappingNode map
        ? map.Children.Where(static c => c is { Key: YamlScalarNode, Value: YamlScalarNode }).ToDictionary(static c => ((YamlScalarNode)c.Key).Value ?? "", static c => ((YamlScalarNode)c.Value).Value ?? "", StringComparer.Ordinal)
        : [];

    /// <summary>The object as text.</summary>
    public override string ToString()
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        new YamlStream(new YamlDocument(Root)).Save(text, assignAnchors: false);
        string all = text.ToString();
        return all.EndsWith("...\n", StringComparison.Ordinal) ? all[..^4] : all;
    }
}
