using Ambient.Protocol.L7;
using Google.Protobuf;

namespace Ambient.Waypoint.Configuration;

/// <summary>What is in force, as the control plane wrote it. Immutable: nobody changes these messages.</summary>
/// <param name="Routes">Each a <see cref="ServiceRoutes"/>, serialised.</param>
/// <param name="Destinations">How hosts are reached.</param>
/// <param name="Access">Who may do what.</param>
/// <param name="Tokens">Whose tokens count.</param>
/// <param name="Limits">How many requests may pass.</param>
/// <param name="Settings">What holds for all services.</param>
internal sealed record ConfigurationSources(
    IReadOnlyList<ByteString> Routes, IReadOnlyList<DestinationSettings> Destinations, IReadOnlyList<AccessPolicy> Access, IReadOnlyList<TokenPolicy> Tokens, IReadOnlyList<LimitPolicy> Limits, WaypointSettings Settings);
