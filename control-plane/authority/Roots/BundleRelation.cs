using Ambient.Identity.Trust;

namespace Ambient.ControlPlane.Authority.Roots;

/// <summary>How two bundles of roots stand to each other; compared by DER, whatever the order. Stateless.</summary>
public static class BundleRelation
{
    /// <summary>
    /// Whether one bundle has everything that the other has, so that nobody loses trust in anybody while both are in use
    /// (control-plane reference 6.5). An empty or unreadable one relates to nothing.
    /// </summary>
    public static bool Overlaps(string onePem, string otherPem)
    {
        HashSet<string> one = Of(onePem);
        HashSet<string> other = Of(otherPem);
        return one.Count > 0 && other.Count > 0 && (one.IsSubsetOf(other) || other.IsSubsetOf(one));
    }

    /// <summary>Whether both have the same roots.</summary>
    public static bool AreEqual(string onePem, string otherPem) => Of(onePem).SetEquals(Of(otherPem));

    private static HashSet<string> Of(string pem)
    {
        TrustBundle bundle = TrustBundle.ParsePem(pem, out int skipped);
        return skipped > 0 ? [] : [.. bundle.RootsDer.Select(static der => Convert.ToHexString(der.Span))];
    }
}
