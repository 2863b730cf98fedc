namespace Ambient.Linux.Netfilter;

/// <summary>The interfaces on which an egress chain hangs. Immutable.</summary>
/// <param name="Names">Their names.</param>
public sealed record NftDevices(IReadOnlyList<string> Names);
