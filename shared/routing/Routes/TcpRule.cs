using Ambient.Protocol.L7;
using Ambient.Routing.Actions;

namespace Ambient.Routing.Routes;

/// <summary>Where connections go. Immutable.</summary>
public sealed class TcpRule
{
    private readonly string[] _serverNames;

    internal TcpRule(TcpRoute route)
    {
        Name = route.Name;
        _serverNames = [.. route.ServerNames];
        Targets = new TargetChoice(route.Targets);
    }

    /// <summary>In logs.</summary>
    public string Name { get; }

    /// <summary>The destinations by weight.</summary>
    public TargetChoice Targets { get; }

    internal bool Matches(string serverName)
    {
        foreach (string name in _serverNames)
        {
            bool isMatch = name.StartsWith("*.", StringComparison.Ordinal)
                ? serverName.Length >= name.Length && serverName.EndsWith(name[1..], StringComparison.OrdinalIgnoreCase)
                : name == "*" || serverName.Equals(name, StringComparison.OrdinalIgnoreCase);
            if (isMatch)
            {
                return true;
            }
        }

        return _serverNames.Length == 0;
    }
}
