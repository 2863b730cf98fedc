using Ambient.Linux.Proc;

namespace Ambient.Ztunnel.Pods;

/// <summary>What the process must be allowed before it may serve pods (ztunnel.md 8.4). Thread-safe.</summary>
public static class PodRequirements
{
    /// <summary>Whether namespaces may be entered and marks set; if not, the error says what is missing and how to give it.</summary>
    public static bool AreMet(CapabilitySet capabilities, out string? error)
    {
        IReadOnlyList<string> missing = capabilities.Missing(CapabilitySet.ForPods);
        error = missing.Count == 0
            ? null
            : $"in-pod mode needs {string.Join(", ", missing)} (securityContext.capabilities.add of the container); without them sockets cannot be opened in the pods' namespaces";
        return missing.Count == 0;
    }
}
