using Ambient.Linux.Sockets;

namespace Ambient.Dns.Resolving;

/// <summary>What a name leads to. Immutable.</summary>
/// <param name="Outcome">How the lookup ended.</param>
/// <param name="Addresses">The addresses in the order of the answers, IPv4 first; without ports.</param>
/// <param name="TimeToLive">How long they hold; zero: not longer than now.</param>
/// <param name="Reason">Why there are none, or not all.</param>
public sealed record AddressAnswer(AddressOutcome Outcome, IReadOnlyList<SocketAddress> Addresses, TimeSpan TimeToLive, string Reason)
{
    /// <summary>There are none.</summary>
    public static AddressAnswer None { get; } = new(AddressOutcome.None, [], TimeSpan.Zero, "the name has no addresses");

    /// <summary>Nobody knows.</summary>
    public static AddressAnswer Failed(string reason) => new(AddressOutcome.Failed, [], TimeSpan.Zero, reason);

    /// <summary>Families about which nobody could be asked, though others have addresses; <see cref="Reason"/> says why.</summary>
    public AddressFamilies Missing { get; init; }
}
