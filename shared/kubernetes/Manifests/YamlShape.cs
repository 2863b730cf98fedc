using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Ambient.Kubernetes.Manifests;

/// <summary>
/// Looks at a text's events before its tree is built: the tree is built by recursion, and hashes its keys by recursion without an end. So there is
/// nothing too deep, no key but a scalar or its alias, and no alias to what contains it or is not there. Of one text, not thread-safe.
/// </summary>
internal sealed class YamlShape
{
    /// <summary>Deepest nesting of a manifest.</summary>
    public const int Deepest = 60;

    private readonly Stack<Collection> _open = new();
    private readonly Dictionary<AnchorName, bool> _complete = []; // And whether it is a scalar.
    private bool _isAtKey;

    private YamlShape()
    {
    }

    /// <summary>Throws <see cref="YamlException"/> for what is unfit, with its place.</summary>
    public static void Check(string text)
    {
        // Brackets within brackets cost the reader nothing: events come one by one.
        var parser = new Parser(new StringReader(text));
        var check = new YamlShape();
        int depth = 0;
        while (parser.MoveNext())
        {
            ParsingEvent found = parser.Current!;
            depth += found.NestingIncrease;
            if (depth > Deepest)
            {
                throw Unfit(found, $"is nested more than {Deepest} deep");
            }

            check.See(found);
        }
    }

    private static YamlException Unfit(ParsingEvent found, string reason) => new(found.Start, found.End, reason);

    private void See(ParsingEvent found)
    {
        switch (found)
        {
            case DocumentStart:
                // Aliases do not reach beyond their document.
                _complete.Clear();
                break;
            case Scalar scalar:
                Complete(scalar.Anchor, isScalar: true);
                _isAtKey = IsNextKey();
                break;
            case AnchorAlias alias:
                if (!_complete.TryGetValue(alias.Value, out bool isScalar))
                {
                    throw Unfit(alias, $"the alias *{alias.Value.Value} is of nothing that is complete before it: it is not defined, or contains itself");
                }

                if (!isScalar)
                {
                    RefuseKey(alias);
                }

                _isAtKey = IsNextKey();
                break;
            case MappingStart mapping:
                Open(mapping, isMapping: true);
                break;
            case SequenceStart sequence:
                Open(sequence, isMapping: false);
                break;
            case MappingEnd or SequenceEnd:
                Close();
                break;
        }
    }

    private void Open(NodeEvent start, bool isMapping)
    {
        RefuseKey(start);
        if (!start.Anchor.IsEmpty)
        {
            // The name now means this one, also where it was another's.
            _complete.Remove(start.Anchor);
        }

        _open.Push(new Collection(isMapping, start.Anchor));
        _isAtKey = isMapping;
    }

    private void Close()
    {
        Complete(_open.Pop().Anchor, isScalar: false);

        // A collection is never a key, so in a mapping it was a value.
        _isAtKey = _open.TryPeek(out Collection outer) && outer.IsMapping;
    }

    private void Complete(AnchorName anchor, bool isScalar)
    {
        if (!anchor.IsEmpty)
        {
            _complete[anchor] = isScalar;
        }
    }

    private void RefuseKey(ParsingEvent found)
    {
        if (_isAtKey)
        {
            throw Unfit(found, "a key is no text: lists and mappings cannot be keys");
        }
    }

    // Keys and values take turns.
    private bool IsNextKey() => !_isAtKey && _open.TryPeek(out Collection within) && within.IsMapping;

    private readonly record struct Collection(bool IsMapping, AnchorName Anchor);
}
