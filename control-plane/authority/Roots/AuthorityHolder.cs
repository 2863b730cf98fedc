using Ambient.ControlPlane.Authority.Signing;

namespace Ambient.ControlPlane.Authority.Roots;

/// <summary>The authority that signs now. A new one comes into force at once and as a whole, or not at all. Thread-safe.</summary>
public sealed class AuthorityHolder
{
    private readonly Lock _gate = new();
    private volatile SigningAuthority? _current;

    /// <summary>Raised after each replacement, on the thread that made it: roots and lists are distributed anew.</summary>
    public event Action<SigningAuthority>? Changed;

    /// <summary>The authority in force; null before the first.</summary>
    public SigningAuthority? Current => _current;

    /// <summary>
    /// Puts an authority in force. A change of roots is accepted only when it is allowed and either bundle has everything of the other
    /// (control-plane reference 6.5); otherwise the old one stays, and the reason is returned.
    /// </summary>
    public string? Replace(SigningAuthority next, bool mayChangeRoots)
    {
        ArgumentNullException.ThrowIfNull(next);
        lock (_gate)
        {
            if (_current is { } current && !BundleRelation.AreEqual(current.RootsPem, next.RootsPem))
            {
                if (!mayChangeRoots)
                {
                    return "the roots are others than before, and changing them is not allowed (ISTIO_MULTIROOT_MESH)";
                }

                if (!BundleRelation.Overlaps(current.RootsPem, next.RootsPem))
                {
                    return "neither the new nor the old bundle of roots has all of the other's: workloads would stop believing each other; first use a bundle with both";
                }
            }

            // The old one is not disposed: requests in flight still sign with it.
            _current = next;
        }

        Changed?.Invoke(next);
        return null;
    }
}
