namespace Ambient.Ztunnel.Dns.Serving;

/// <summary>Where a query comes from. Loop-affine.</summary>
internal interface IDnsOrigin : IDnsAsker
{
    /// <summary>The answer will come later, by the returned asker; the origin may go on with other queries.</summary>
    IDnsAsker Defer();
}
