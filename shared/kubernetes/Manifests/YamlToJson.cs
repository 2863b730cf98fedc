using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using YamlDotNet.RepresentationModel;

namespace Ambient.Kubernetes.Manifests;

/// <summary>Writes a YAML tree as JSON, with merge keys and aliases; both may blow up, so depth, length and the fields looked at are bounded. Of one document, not thread-safe.</summary>
internal sealed class YamlToJson
{
    /// <summary>Longest document as JSON, in bytes.</summary>
    public const int Longest = 16 * 1024 * 1024;

    /// <summary>Most fields and merged mappings that are looked at, but for a longer text: about as many as fit into the longest document. What is merged may be written nowhere, and so has no length.</summary>
    public const int MostFields = 1_000_000;

    private readonly Utf8JsonWriter _writer;
    private readonly YamlBudget _budget;

    private YamlToJson(Utf8JsonWriter writer, YamlBudget budget) => (_writer, _budget) = (writer, budget);

    public static bool TryWrite(YamlNode root, YamlBudget budget, [NotNullWhen(true)] out byte[]? json, [NotNullWhen(false)] out YamlProblem? problem)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        problem = new YamlToJson(writer, budget).Write(root, 0);
        writer.Flush();
        budget.Spend(buffer.WrittenCount);
        json = problem is null ? buffer.WrittenSpan.ToArray() : null;
        return problem is null;
    }

    private YamlProblem? Write(YamlNode node, int depth)
    {
        long length = _writer.BytesCommitted + _writer.BytesPending;
        if (depth > YamlShape.Deepest || length > Longest || !_budget.HasRoom(length))
        {
            return new YamlProblem((int)node.Start.Line, depth > YamlShape.Deepest ? "is nested too deeply" : $"is longer than {Longest} bytes, alone or with those before it; aliases multiply");
        }

        switch (node)
        {
            case YamlScalarNode scalar:
                YamlScalar.Write(_writer, scalar);
                return null;
            case YamlSequenceNode sequence:
                _writer.WriteStartArray();
                foreach (YamlNode child in sequence.Children)
                {
                    if (Write(child, depth + 1) is { } problem)
                    {
                        return problem;
                    }
                }

                _writer.WriteEndArray();
                return null;
            case YamlMappingNode mapping:
                return WriteMapping(mapping, depth);
            default:
                return new YamlProblem((int)node.Start.Line, "is of no known kind");
        }
    }

    private YamlProblem? WriteMapping(YamlMappingNode mapping, int depth)
    {
        var fields = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        if (Gather(mapping, fields, depth) is { } unfit)
        {
            return unfit;
        }

        _writer.WriteStartObject();
        foreach ((string name, YamlNode value) in fields)
        {
            _writer.WritePropertyName(name);
            if (Write(value, depth + 1) is { } problem)
            {
                return problem;
            }
        }

        _writer.WriteEndObject();
        return null;
    }

    private static YamlProblem TooMany(YamlNode at) => new((int)at.Start.Line, "has too many fields; aliases and merges multiply");

    /// <summary>The mapping's own fields, then those it merges that it does not have.</summary>
    private YamlProblem? Gather(YamlMappingNode mapping, Dictionary<string, YamlNode> fields, int depth)
    {
        if (depth > YamlShape.Deepest)
        {
            return new YamlProblem((int)mapping.Start.Line, $"merges more than {YamlShape.Deepest} deep");
        }

        if (!_budget.TryLook())
        {
            return TooMany(mapping);
        }

        List<YamlNode> merged = [];
        foreach ((YamlNode key, YamlNode value) in mapping.Children)
        {
            if (!_budget.TryLook())
            {
                return TooMany(mapping);
            }

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
