using System.Diagnostics.CodeAnalysis;

namespace Ambient.Mesh.Names;

/// <summary>The names under which a queried name may be served (ztunnel.md 7.2). Pure.</summary>
public static class NameAliases
{
    /// <summary>The longer names that a short one may mean for a client in a namespace; none for names that are long enough.</summary>
    public static IReadOnlyList<string> Expand(string name, string clientNamespace, string clusterDomain)
    {
        name = WithoutFinalDot(name);
        string[] labels = name.Split('.');
        return labels.Length switch
        {
            1 => [$"{name}.{clientNamespace}.svc.{clusterDomain}"],
            2 => [$"{name}.svc.{clusterDomain}", $"{name}.{clientNamespace}.svc.{clusterDomain}"],
            3 when labels[2] == "svc" => [$"{name}.{clusterDomain}", $"{name}.svc.{clusterDomain}"],
            3 => [$"{name}.svc.{clusterDomain}"],
            4 when labels[3] == "svc" => [$"{name}.{clusterDomain}"],
            _ => [],
        };
    }

    /// <summary>The name itself and its wildcards, the longest first: <c>www.a.com</c>, <c>*.a.com</c>, <c>*.com</c>.</summary>
    public static IEnumerable<string> Wildcards(string name)
    {
        name = WithoutFinalDot(name);
        yield return name;
        for (int dot = name.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = name.IndexOf('.', dot + 1))
        {
            yield return $"*{name[dot..]}";
        }
    }

    /// <summary>The name without a search domain; false when it doesn't end with it or no label would be left.</summary>
    public static bool TryStrip(string name, string domain, [NotNullWhen(true)] out string? stripped)
    {
        name = WithoutFinalDot(name);
        int length = name.Length - domain.Length - 1;
        bool ends = domain.Length > 0 && length > 0 && name[length] == '.' && name.EndsWith(domain, StringComparison.Ordinal);
        stripped = ends ? name[..length] : null;
        return ends;
    }

    internal static string WithoutFinalDot(string name) => name.EndsWith('.') ? name[..^1] : name;
}
