using Ambient.Mesh.Policies;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Inbound;

/// <summary>Writes what the policies said (ztunnel.md 5.3).</summary>
internal static class PolicyLog
{
    /// <summary>The verdict and what dry-run policies would have said at a level; a policy that the workload lists and nobody sent is a warning.</summary>
    public static void Write(Logger log, LogLevel level, in Verdict verdict)
    {
        foreach (PolicyNote note in verdict.Notes)
        {
            log.Log(note.Message == PolicyEngine.UnknownPolicy ? LogLevel.Warn : level, note.Message, LogField.Of("policy", note.Policy));
        }

        // The key is composed for each line; most connections have none.
        if (log.IsEnabled(level))
        {
            log.Log(level, verdict.Message, LogField.Of("policy", verdict.PolicyKey));
        }
    }
}
