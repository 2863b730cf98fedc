namespace Ambient.Cni.Redirection.Verification;

/// <summary>In which way a kernel differs from the model.</summary>
public enum DifferenceKind
{
    /// <summary>Should be there and is not.</summary>
    Missing = 0,

    /// <summary>Is there and should not be.</summary>
    Unexpected = 1,

    /// <summary>Everything is there, in another order.</summary>
    OutOfOrder = 2,
}
