using Ambient.Mesh.Views;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Discovery.Local;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Says what became of the local model file.</summary>
internal sealed class LocalModelLog(Logger log) : LocalSourceEvents
{
    /// <inheritdoc/>
    public override void OnApplied(string path, MeshBatch changes) => log.Info("local model is in force", LogField.Of("path", path));

    /// <inheritdoc/>
    public override void OnBroken(string path, string reason) => log.Error("local model is broken, the last good state stays in force", LogField.Of("path", path), LogField.Of("error", reason));
}
