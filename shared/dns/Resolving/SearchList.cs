using Ambient.Dns.Upstreams;

namespace Ambient.Dns.Resolving;

/// <summary>In which order a name is looked for (resolv.conf(5), search and ndots). Pure.</summary>
public static class SearchList
{
    private const int MaxDomains = 32;

    /// <summary>The full names to ask for, one after the other.</summary>
    public static IReadOnlyList<string> Of(string name, ResolverConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(configuration);
        if (name.EndsWith('.') || configuration.Search.Count == 0)
        {
            return [name.TrimEnd('.')];
        }

        IEnumerable<string> below = configuration.Search.Take(MaxDomains).Select(domain => $"{name}.{domain}").Where(static full => full.Length < 254);
        return name.Count(static c => c == '.') >= configuration.MinDots ? [name, .. below] : [.. below, name];
    }
}
