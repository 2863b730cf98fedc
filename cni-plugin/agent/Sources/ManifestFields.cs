using YamlDotNet.RepresentationModel;

namespace Ambient.Cni.Agent.Sources;

/// <summary>Walks a YAML node by names; what is not there, or of another shape, is absent.</summary>
internal readonly struct ManifestFields(YamlNode? node)
{
    /// <summary>The text at a path; null when there is none.</summary>
    public string? Text(params ReadOnlySpan<string> path) => Walk(path) is YamlScalarNode { Value: { } value } scalar && !(value.Length == 0 && scalar.Style == YamlDotNet.Core.ScalarStyle.Plain) ? value : null;

    /// <summary>Texts by name at a path.</summary>
    public IReadOnlyDictionary<string, string> Map(params ReadOnlySpan<string> path)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Walk(path) is YamlMappingNode mapping)
        {
            foreach ((YamlNode key, YamlNode value) in mapping.Children)
            {
                if (key is YamlScalarNode { Value: { } name } && value is YamlScalarNode { Value: { } text })
                {
                    map[name] = text;
                }
            }
        }

        return map;
    }

    /// <summary>The elements of a list at a path.</summary>
    public IEnumerable<ManifestFields> Items(params ReadOnlySpan<string> path) =>
        Walk(path) is YamlSequenceNode sequence ? [.. sequence.Children.Select(c => new ManifestFields(c))] : (ManifestFields[])[];

    private YamlNode? Walk(ReadOnlySpan<string> path)
    {
        YamlNode? at = node;
        foreach (string name in path)
        {
            at = at is YamlMappingNode mapping && mapping.Children.TryGetValue(new YamlScalarNode(name), out YamlNode? child) ? child : null;
        }

        return at;
    }
}
