using Ambient.Grpc.Client;

namespace Ambient.Identity.Client;

/// <summary>How <see cref="IstioCertificateClient"/> asks. Immutable.</summary>
public sealed record IstioCertificateOptions
{
    /// <summary>Where the authority is.</summary>
    public required GrpcChannelOptions Channel { get; init; }

    /// <summary>The life that is asked for.</summary>
    public TimeSpan Validity { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Whether the request names whom it is for: a node's proxy asks for others, a dedicated one for itself.</summary>
    public bool Impersonates { get; init; }

    /// <summary>How long one call may take.</summary>
    public TimeSpan CallLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Told when changed roots cannot be used and the old connection stays.</summary>
    public Action<string>? OnRootsBroken { get; init; }
}
