using Ambient.Dns.Resolving;

namespace Ambient.Waypoint.Names;

/// <summary>Who knows where names lead. Loop-affine: called on the loop of the names.</summary>
internal interface INameSource
{
    /// <summary>Asks for the addresses of a name; the answer comes once, perhaps before this returns.</summary>
    /// <param name="name">The name; one with a final dot is not looked for in the search list.</param>
    /// <param name="families">Which addresses.</param>
    /// <param name="done">Told on the same loop.</param>
    void Ask(string name, AddressFamilies families, Action<AddressAnswer> done);
}
