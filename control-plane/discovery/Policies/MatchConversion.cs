using Ambient.Protocol.Istio.Security;

namespace Ambient.ControlPlane.Discovery.Policies;

/// <summary>
/// One match of a rule. Of a rule that allows, a value that cannot be read may only be left out where fewer values allow less; of one that denies,
/// where fewer values deny more, else the whole field goes. Used once.
/// </summary>
internal sealed class MatchConversion(string policyNamespace, bool isDeny)
{
    private bool _isWidened;

    /// <summary>The match.</summary>
    internal Match Message { get; } = new();

    /// <summary>Attributes that need HTTP.</summary>
    internal List<string> Http { get; } = [];

    /// <summary>What nobody understands.</summary>
    internal List<string> Unreadable { get; } = [];

    /// <summary>Without what cannot be read it would allow more than it says.</summary>
    internal bool LostRestriction { get; private set; }

    /// <summary>What is left restricts nothing: an empty match would never hold, and nothing would be denied.</summary>
    internal bool IsAlways => isDeny && _isWidened && Message.CalculateSize() == 0;

    internal void Note(string attribute, IReadOnlyList<string> values)
    {
        if (values.Count > 0)
        {
            Http.Add(attribute);
        }
    }

    internal void NoteHttp(string attribute) => Http.Add(attribute);

    /// <summary>A restriction that nobody understands.</summary>
    internal void Lose(string what)
    {
        Unreadable.Add(what);
        LostRestriction |= !isDeny;
        _isWidened |= isDeny;
    }

    internal void Ports(IReadOnlyList<string> values, IReadOnlyList<string> notValues)
    {
        Message.DestinationPorts.AddRange(Only(values, PolicyText.Port).Select(static port => port!.Value));
        Message.NotDestinationPorts.AddRange(Not(notValues, PolicyText.Port).Select(static port => port!.Value));
    }

    internal void Sources(IReadOnlyList<string> values, IReadOnlyList<string> notValues)
    {
        Message.SourceIps.AddRange(Only(values, PolicyText.Block));
        Message.NotSourceIps.AddRange(Not(notValues, PolicyText.Block));
    }

    internal void Destinations(IReadOnlyList<string> values, IReadOnlyList<string> notValues)
    {
        Message.DestinationIps.AddRange(Only(values, PolicyText.Block));
        Message.NotDestinationIps.AddRange(Not(notValues, PolicyText.Block));
    }

    internal void Namespaces(IReadOnlyList<string> values, IReadOnlyList<string> notValues)
    {
        Message.Namespaces.AddRange(Only(values, PolicyText.Pattern));
        Message.NotNamespaces.AddRange(Not(notValues, PolicyText.Pattern));
    }

    internal void Principals(IReadOnlyList<string> values, IReadOnlyList<string> notValues)
    {
        Message.Principals.AddRange(Only(values, PolicyText.Pattern));
        Message.NotPrincipals.AddRange(Not(notValues, PolicyText.Pattern));
    }

    internal void Accounts(IReadOnlyList<string> values, IReadOnlyList<string> notValues)
    {
        Message.ServiceAccounts.AddRange(Only(values, text => PolicyText.Account(text, policyNamespace)));
        Message.NotServiceAccounts.AddRange(Not(notValues, text => PolicyText.Account(text, policyNamespace)));
    }

    /// <summary>One of these: fewer of them match less.</summary>
    private List<T> Only<T>(IReadOnlyList<string> texts, Func<string, T?> read)
    {
        List<T> good = Readable(texts, read);
        if (good.Count == texts.Count)
        {
            return good;
        }

        if (isDeny)
        {
            _isWidened = true;
            return [];
        }

        LostRestriction |= good.Count == 0;
        return good;
    }

    /// <summary>None of these: fewer of them match more.</summary>
    private List<T> Not<T>(IReadOnlyList<string> texts, Func<string, T?> read)
    {
        List<T> good = Readable(texts, read);
        bool isWhole = good.Count == texts.Count;
        LostRestriction |= !isDeny && !isWhole;
        _isWidened |= isDeny && !isWhole;
        return good;
    }

    private List<T> Readable<T>(IReadOnlyList<string> texts, Func<string, T?> read)
    {
        var good = new List<T>(texts.Count);
        foreach (string text in texts)
        {
            if (read(text) is { } value)
            {
                good.Add(value);
            }
            else
            {
                Unreadable.Add(text.Length == 0 ? "\"\"" : text);
            }
        }

        return good;
    }
}
