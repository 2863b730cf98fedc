using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Ambient.Kubernetes.Manifests;

/// <summary>A YAML document as JSON, which can still say on which line a field stands. Immutable.</summary>
public sealed class YamlDocument
{
    private readonly YamlNode _root;

    private YamlDocument(YamlNode root, byte[] json) => (_root, Json) = (root, json);

    /// <summary>The same as JSON, by the rules that Kubernetes' tools have for plain scalars.</summary>
    public byte[] Json { get; }

    /// <summary>Line where it begins, from 1.</summary>
    public int Line => (int)_root.Start.Line;

    /// <summary>Reads all documents of a text; empty ones are left out. Foreign text gives a problem, never an exception.</summary>
    public static bool TryRead(string text, out IReadOnlyList<YamlDocument> documents, [NotNullWhen(false)] out YamlProblem? problem)
    {
        List<YamlDocument> read = [];
        documents = read;
        problem = null;
        var stream = new YamlStream();
        try
        {
            YamlShape.Check(text);
            stream.Load(new StringReader(text));
        }
        catch (YamlException broken)
        {
            problem = new YamlProblem((int)broken.Start.Line, broken.Message);
            return false;
        }
        catch (Exception broken) when (broken is InvalidOperationException or ArgumentException)
        {
            // What the library's own state machine did not expect.
            problem = new YamlProblem(0, "not YAML: " + broken.Message);
            return false;
        }

        var spent = new YamlBudget(text.Length);
        foreach (YamlNode root in stream.Documents.Select(d => d.RootNode))
        {
            if (root is YamlScalarNode { Value: null or "" or "~" or "null" })
            {
                continue;
            }

            if (!YamlToJson.TryWrite(root, spent, out byte[]? json, out problem))
            {
                return false;
            }

            read.Add(new YamlDocument(root, json));
        }

        return true;
    }

    /// <summary>Line of a field, given as in <see cref="JsonException.Path"/>, or of the nearest part of it that is there.</summary>
    public int LineOf(string path)
    {
        YamlNode at = _root;
        foreach (string step in YamlPath.Split(path))
        {
            YamlNode? next = at switch
            {
                YamlMappingNode mapping when mapping.Children.TryGetValue(new YamlScalarNode(step), out YamlNode? child) => child,
                YamlSequenceNode sequence when int.TryParse(step, out int index) && index >= 0 && index < sequence.Children.Count => sequence.Children[index],
                _ => null,
            };
            if (next is null)
            {
                break;
            }

            at = next;
        }

        return (int)at.Start.Line;
    }
}
