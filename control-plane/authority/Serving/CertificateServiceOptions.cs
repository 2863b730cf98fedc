using Ambient.ControlPlane.Authority.Nodes;

namespace Ambient.ControlPlane.Authority.Serving;

/// <summary>How a <see cref="CertificateService"/> works. Immutable.</summary>
public sealed record CertificateServiceOptions
{
    /// <summary>Who may ask for others' certificates.</summary>
    public required NodeAuthorization NodeAuthorization { get; init; }

    /// <summary>
    /// Completes when all pods are known. Until then who is not found may only not have been seen yet: such a caller waits, and is then asked to come again, not turned away.
    /// </summary>
    public Task PodsKnown { get; init; } = Task.CompletedTask;

    /// <summary>How long such a caller waits: less than clients wait for an answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long a node proxy waits for a pod that is not known yet: it may have heard of it from the node before the API server's news came here.
    /// </summary>
    public TimeSpan PodPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many requests of one node proxy may wait so; further ones are refused at once.</summary>
    public int MaxWaitingOfOne { get; init; } = 4;

    /// <summary>How many of all may.</summary>
    public int MaxWaiting { get; init; } = 1024;

    /// <summary>The lifetime of who asks for none.</summary>
    public TimeSpan DefaultLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The longest lifetime that may be asked for.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Told of every refusal with its full reason, which the caller does not always learn: the caller's address and the reason.</summary>
    public Action<string, string> Refused { get; init; } = static (_, _) => { };

    /// <summary>Told of every certificate: the first identity, and how long it is valid.</summary>
    public Action<string, TimeSpan> Issued { get; init; } = static (_, _) => { };
}
