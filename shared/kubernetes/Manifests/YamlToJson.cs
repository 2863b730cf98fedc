using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using YamlDotNet.RepresentationModel;

namespace Ambient.Kubernetes.Manifests;

/// <summary>Writes a YAML tree as JSON, with merge keys and aliases; both may blow up, so depth and length are bounded. Pure.</summary>
internal static class YamlToJson
{
    /// <summary>Longest document as JSON, in bytes.</summary>
    public const int Longest = 16 * 1024 * 1024;

    public static bool TryWrite(YamlNode root, [NotNullWhen(true)] out byte[]? json, [NotNullWhen(false)] out YamlProblem? problem)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        problem = Write(writer, root, 0);
        writer.Flush();
        json = problem is null ? buffer.WrittenSpan.ToArray() : null;
        return problem is null;
    }

    private static YamlProblem? Write(Utf8JsonWriter writer, YamlNode node, int depth)
    {
        if (depth > YamlDepth.Deepest || writer.BytesCommitted + writer.BytesPending > Longest)
        {
            return new YamlProblem((int)node.Start.Line, depth > YamlDepth.Deepest ? "is nested too deeply, or an alias contains itself" : $"is longer than {Longest} bytes; aliases multiply");
        }

        switch (node)
        {
            case YamlScalarNode scalar:
                YamlScalar.Write(writer, scalar);
                return null;
            case YamlSequenceNode sequence:
                writer.WriteStartArray();
                foreach (YamlNode child in sequence.Children)
                {
                    if (Write(writer, child, depth + 1) is { } problem)
                    {
                        return problem;
                    }
                }

                writer.WriteEndArray();
                return null;
            case YamlMappingNode mapping:
                return WriteMapping(writer, mapping, depth);
            default:
                return new YamlProblem((int)node.Start.Line, "is of no known kind");
        }
    }

    private static YamlProblem? WriteMapping(Utf8JsonWriter writer, YamlMappingNode mapping, int depth)
    {
        var fields = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        if (Gather(mapping, fields, depth) is { } unfit)
        {
            return unfit;
        }

        writer.WriteStartObject();
        foreach ((string name, YamlNode value) in fields)
        {
            writer.WritePropertyName(name);
            if (Write(writer, value, depth + 1) is { } problem)
            {
                return problem;
            }
        }

        writer.WriteEndObject();
        return null;
    }

    /// <summary>The mapping's own fields, then those it merges that it does not have.</summary>
    private static YamlProblem? Gather(YamlMappingNode mapping, Dictionary<string, YamlNode> fields, int depth)
    {
        if (depth > YamlDepth.Deepest)
        {
            return new YamlProblem((int)mapping.Start.Line, "merges itself");
        }

        List<YamlNode> merged = [];
        foreach ((YamlNode key, YamlNode value) in mapping.Children)
        {
            if (key is not YamlScalarNode { Value: { } name } scalar)
            {
                return new YamlProblem((int)key.Start.Line, "a key is no text");
            }

            if (name == "<<" && scalar.Style is YamlDotNet.Core.ScalarStyle.Plain)
            {
                merged.AddRange(value is YamlSequenceNode several ? several.Children : [value]);
            }
            else
            {
                fields.TryAdd(name, value);
            }
        }

        foreach (YamlNode source in merged)
        {
            if (source is not YamlMappingNode other)
            {
                return new YamlProblem((int)source.Start.Line, "<< merges what is no mapping");
            }

            if (Gather(other, fields, depth + 1) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }
}
