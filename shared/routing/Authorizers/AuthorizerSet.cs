using Ambient.Protocol.L7;

namespace Ambient.Routing.Authorizers;

/// <summary>All external authorisers of a waypoint, by name. Immutable.</summary>
public sealed class AuthorizerSet
{
    private readonly Dictionary<string, ExternalAuthorizer> _byName;

    /// <summary>Compiles them; the first of a name counts.</summary>
    public AuthorizerSet(IEnumerable<Authorizer> authorizers) =>
        _byName = authorizers.DistinctBy(authorizer => authorizer.Name).ToDictionary(authorizer => authorizer.Name, authorizer => new ExternalAuthorizer(authorizer));

    /// <summary>The authoriser of that name; null when there is none that can be asked.</summary>
    public ExternalAuthorizer? Find(string name) => _byName.GetValueOrDefault(name) is { Service: not null } found ? found : null;
}
