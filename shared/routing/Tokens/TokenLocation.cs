using Ambient.Routing.Messages;

namespace Ambient.Routing.Tokens;

/// <summary>One place to look for a token. Immutable.</summary>
internal sealed record TokenLocation(TokenPlace Place, string Name, string Prefix)
{
    /// <summary>The token in this place; null when there is none.</summary>
    public string? Find(RequestHead head)
    {
        switch (Place)
        {
            case TokenPlace.Header:
                return head.Fields.TryGet(Name, out ReadOnlySpan<char> field) && field.StartsWith(Prefix, StringComparison.Ordinal) ? field[Prefix.Length..].Trim().ToString() : null;
            case TokenPlace.Query:
                return head.TryGetQuery(Name, out ReadOnlySpan<char> value) && value.Length > 0 ? value.ToString() : null;
            default:
                foreach (string pair in (head.Fields.Text("cookie") ?? "").Split(';', StringSplitOptions.TrimEntries))
                {
                    if (pair.StartsWith(Name + "=", StringComparison.Ordinal))
                    {
                        return pair[(Name.Length + 1)..];
                    }
                }

                return null;
        }
    }

    /// <summary>Takes the token out of the request; cookies stay.</summary>
    public void Remove(RequestHead head)
    {
        if (Place == TokenPlace.Header)
        {
            head.Fields.Remove(Name);
        }
        else if (Place == TokenPlace.Query)
        {
            IEnumerable<string> kept = head.Query[1..].ToString().Split('&').Where(pair => pair != Name && !pair.StartsWith(Name + "=", StringComparison.Ordinal));
            string query = string.Join('&', kept);
            head.SetTarget(query.Length == 0 ? head.Path.ToString() : $"{head.Path}?{query}");
        }
    }
}
