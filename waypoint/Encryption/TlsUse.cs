using Ambient.Tls.Origination;

namespace Ambient.Waypoint.Encryption;

/// <summary>What connections have in common that are encrypted alike, for one server. Immutable.</summary>
/// <param name="Settings">How; new settings are new connections.</param>
/// <param name="ServerName">Who is asked for.</param>
/// <param name="IsChosen">Whether a client has chosen that name: then it may be any.</param>
internal sealed record TlsUse(EndpointTls Settings, string ServerName, bool IsChosen)
{
    /// <summary>Whether a failure follows from the name that a client has chosen: nothing is wrong with an endpoint that does not have it.</summary>
    public bool IsFaultOfClient(string? failure) =>
        IsChosen && failure is not null && (failure.Contains(OriginationSession.WrongName, StringComparison.Ordinal) || failure.Contains(OriginationSession.RefusedByServer, StringComparison.Ordinal));
}
