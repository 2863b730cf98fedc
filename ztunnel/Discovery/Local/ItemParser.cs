using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Ambient.Ztunnel.Discovery.Local;

/// <summary>
/// Shows one item of a long list to the representation model as if it were a document of its own, so that a file of a hundred thousand
/// workloads is never a tree in memory as a whole. Not thread-safe.
/// </summary>
/// <remarks>
/// Nesting is limited, because the model is built recursively; aliases are refused, because a few lines of them can stand for gigabytes.
/// </remarks>
internal sealed class ItemParser(IParser inner) : IParser
{
    private const int MaxDepth = 64;
    private Phase _phase;
    private int _depth;

    private enum Phase
    {
        BeforeStream,
        BeforeDocument,
        BeforeItem,
        InItem,
        AfterItem,
        AfterDocument,
        Ended,
    }

    public ParsingEvent? Current { get; private set; }

    public bool MoveNext()
    {
        switch (_phase)
        {
            case Phase.BeforeStream:
                _phase = Phase.BeforeDocument;
                Current = new StreamStart();
                return true;
            case Phase.BeforeDocument:
                _phase = Phase.BeforeItem;
                Current = new DocumentStart();
                return true;
            case Phase.BeforeItem:
                _phase = Phase.InItem;
                return Show(inner.Current!);
            case Phase.InItem:
                return inner.MoveNext() && Show(inner.Current!);
            case Phase.AfterItem:
                // Left on the event behind the item, as every reader of events leaves it.
                inner.MoveNext();
                _phase = Phase.AfterDocument;
                Current = new DocumentEnd(isImplicit: true);
                return true;
            case Phase.AfterDocument:
                _phase = Phase.Ended;
                Current = new StreamEnd();
                return true;
            default:
                return false;
        }
    }

    private bool Show(ParsingEvent item)
    {
        if (item is AnchorAlias)
        {
            throw new LocalFileException(item.Start, "aliases are not allowed");
        }

        _depth += item.NestingIncrease;
        if (_depth > MaxDepth)
        {
            throw new LocalFileException(item.Start, $"nested deeper than {MaxDepth} levels");
        }

        if (_depth == 0)
        {
            _phase = Phase.AfterItem;
        }

        Current = item;
        return true;
    }
}
