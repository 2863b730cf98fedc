using Ambient.ControlPlane.Authority.Nodes;

namespace Ambient.ControlPlane.Authority.Serving;

/// <summary>How a <see cref="CertificateService"/> works. Immutable.</summary>
public sealed record CertificateServiceOptions
{
    /// <summary>Who may ask for others' certificates.</summary>
    public required NodeAuthorization NodeAuthorization { get; init; }

    /// <summary>The lifetime of who asks for none.</summary>
    public TimeSpan DefaultLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The longest lifetime that may be asked for.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Told of every refusal with its full reason, which the caller does not always learn: the caller's address and the reason.</summary>
    public Action<string, string> Refused { get; init; } = static (_, _) => { };

    /// <summary>Told of every certificate: the first identity, and how long it is valid.</summary>
    public Action<string, TimeSpan> Issued { get; init; } = static (_, _) => { };
}
