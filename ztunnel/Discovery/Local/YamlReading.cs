using System.Globalization;
using System.Text;
using Ambient.Mesh.Services;
using YamlDotNet.RepresentationModel;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>Values out of YAML nodes; every error names line and field. Stateless.</summary>
internal static class YamlReading
{
    internal static bool IsNull(YamlNode node) => node is YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    internal static string Text(YamlNode node, string field) =>
        node is YamlScalarNode { Value: { } text } ? text : throw LocalFileException.At(node, $"{field} must be a text");

    internal static bool Truth(YamlNode node, string field) => Text(node, field) switch
    {
        "true" => true,
        "false" => false,
        string other => throw LocalFileException.At(node, $"{field} must be true or false, not '{other}'"),
    };

    internal static ushort Port(YamlNode node, string field) =>
        ushort.TryParse(Text(node, field), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            ? port
            : throw LocalFileException.At(node, $"{field} must be a port from 0 to 65535, not '{Text(node, field)}'");

    internal static uint Number(YamlNode node, string field) =>
        uint.TryParse(Text(node, field), NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number
            : throw LocalFileException.At(node, $"{field} must be a whole number, not '{Text(node, field)}'");

    internal static IEnumerable<YamlNode> List(YamlNode node, string field) =>
        node is YamlSequenceNode list ? list.Children : throw LocalFileException.At(node, $"{field} must be a list");

    internal static YamlMappingNode Map(YamlNode node, string field) =>
        node as YamlMappingNode ?? throw LocalFileException.At(node, $"{field} must be a map");

    internal static T Choice<T>(YamlNode node, string field, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        string text = Text(node, field);
        foreach ((string word, T value) in choices)
        {
            if (word == text)
            {
                return value;
            }
        }

        var allowed = new StringBuilder();
        foreach ((string word, _) in choices)
        {
            allowed.Append(allowed.Length > 0 ? ", " : "").Append(word);
        }

        throw LocalFileException.At(node, $"{field} must be one of {allowed}, not '{text}'");
    }

    internal static PortMap Ports(YamlNode node, string field)
    {
        YamlMappingNode map = Map(node, field);
        var ports = new (int, int)[map.Children.Count];
        int at = 0;
        foreach ((YamlNode service, YamlNode target) in map.Children)
        {
            ports[at++] = (Port(service, field), Port(target, field));
        }

        return PortMap.Of(ports);
    }

    /// <summary>The node as one line of text, tags included: equal nodes have equal text.</summary>
    internal static string Canonical(YamlNode node)
    {
        var text = new StringBuilder();
        Append(text, node);
        return text.ToString();
    }

    private static void Append(StringBuilder text, YamlNode node)
    {
        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)
        {
            text.Append(node.Tag.Value).Append(' ');
        }

        switch (node)
        {
            case YamlScalarNode scalar:
                text.Append('"').Append(scalar.Value?.Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
                break;
            case YamlSequenceNode list:
                text.Append('[');
                foreach (YamlNode child in list.Children)
                {
                    Append(text, child);
                    text.Append(',');
                }

                text.Append(']');
                break;
            case YamlMappingNode map:
                text.Append('{');
                foreach ((YamlNode key, YamlNode value) in map.Children)
                {
                    Append(text, key);
                    text.Append(':');
                    Append(text, value);
                    text.Append(',');
                }

                text.Append('}');
                break;
        }
    }
}
