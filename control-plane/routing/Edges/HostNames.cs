namespace Ambient.ControlPlane.Routing.Edges;

/// <summary>Host names of listeners and routes: exact, <c>*.suffix</c> or <c>*</c>. Pure.</summary>
internal static class HostNames
{
    /// <summary>The more specific of two that meet; null when they do not.</summary>
    public static string? Meet(string first, string second)
    {
        (string one, string other) = (first.ToLowerInvariant(), second.ToLowerInvariant());
        if (one == "*" || one == other)
        {
            return other;
        }

        return other == "*" || Covers(other, one) ? one : Covers(one, other) ? other : null;
    }

    /// <summary>The names of routes at a listener; routes without a name have its.</summary>
    public static IReadOnlyList<string> Meet(string listener, IReadOnlyList<string> routes) =>
        routes.Count == 0 ? [listener] : [.. routes.Select(route => Meet(listener, route)).OfType<string>().Distinct(StringComparer.Ordinal)];

    private static bool Covers(string wide, string narrow) => wide.StartsWith("*.", StringComparison.Ordinal) && narrow.Length > wide.Length - 1 && narrow.EndsWith(wide[1..], StringComparison.Ordinal);
}
