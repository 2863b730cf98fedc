using Ambient.Mesh.Policies;
using Ambient.Telemetry.Logging;

namespace Ambient.Ztunnel.Inbound;

/// <summary>Writes what the policies said (ztunnel.md 5.3).</summary>
internal static class PolicyLog
{
    public static void Write(Logger log, in Verdict verdict)
    {
        if (!log.IsEnabled(LogLevel.Debug))
        {
            return;
        }

        log.Debug(verdict.Message, LogField.Of("policy", verdict.PolicyKey));
    }
}
