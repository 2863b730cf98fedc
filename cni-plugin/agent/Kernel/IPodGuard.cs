using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Kernel;

/// <summary>The fail-closed guard in a pod's namespace. Thread-safe for different namespaces.</summary>
public interface IPodGuard
{
    /// <summary>Name of the inet table that is the guard, for whoever has just listed them.</summary>
    string TableName { get; }

    /// <summary>Whether it is there; the error says why that cannot be known.</summary>
    Task<(bool IsRaised, string? Error)> LookAsync(NetworkNamespace network, CancellationToken cancellation);

    /// <summary>Raises it; raising twice is the same as once. Null on success.</summary>
    Task<string?> RaiseAsync(NetworkNamespace network, CancellationToken cancellation);

    /// <summary>Lifts it; lifting what is not there succeeds. Null on success.</summary>
    Task<string?> LiftAsync(NetworkNamespace network, CancellationToken cancellation);
}
