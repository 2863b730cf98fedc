namespace Ambient.Ztunnel.Settings;

/// <summary>One connection to the control plane, xDS or CA. Immutable.</summary>
public sealed record ControlPlaneSettings
{
    /// <summary>Address with scheme; null switches the connection off.</summary>
    public required Uri? Address { get; init; }

    /// <summary>Roots that the server is verified against.</summary>
    public required RootSource Roots { get; init; }

    /// <summary>Server name that is accepted too; null for none.</summary>
    public string? AlternativeHostname { get; init; }

    /// <summary>Further request headers. Values may be secrets and are never logged.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}
