using Ambient.Mesh.Views;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Discovery.Local;

namespace Ambient.Ztunnel.Discovery;

/// <summary>Turns changes of the local file into log lines.</summary>
internal sealed class LocalReport(Logger log) : LocalSourceEvents
{
    public override void OnApplied(string path, MeshBatch changes) => log.Info(
        "local file reloaded",
        LogField.Of("path", path),
        LogField.Of("workloads", changes.Workloads.Count),
        LogField.Of("services", changes.Services.Count),
        LogField.Of("policies", changes.Policies.Count),
        LogField.Of("removed", changes.RemovedAddresses.Count + changes.RemovedPolicies.Count));

    public override void OnBroken(string path, string reason) =>
        log.Error("local file is broken; the last good content stays in force", LogField.Of("path", path), LogField.Of("reason", reason));
}
