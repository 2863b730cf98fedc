using System.Runtime.CompilerServices;
using Ambient.Rig;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Charts;

/// <summary>A test that renders charts, and perhaps applies them; skipped, with the reason, where that cannot be done.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresChartRendererFactAttribute : FactAttribute
{
    /// <summary>Looks for the programs.</summary>
    public RequiresChartRendererFactAttribute(bool server = false, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        Server = server;
        Skip = ChartRenderer.Missing() ?? (server ? KubernetesBinaries.Missing("kube-apiserver", "etcd") : null);
        if (Skip is not null)
        {
            SkipReport.Note(Path.GetFileNameWithoutExtension(file) + "." + test, Skip);
        }
    }

    /// <summary>Whether it also needs a real API server.</summary>
    public bool Server { get; }
}
