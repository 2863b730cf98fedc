namespace Ambient.Dns.Resolving;

/// <summary>How a lookup ended.</summary>
public enum AddressOutcome
{
    /// <summary>There are addresses.</summary>
    Found,

    /// <summary>Somebody who must know said that there are none.</summary>
    None,

    /// <summary>Nobody could be asked, or answered.</summary>
    Failed,
}
