using System.Runtime.CompilerServices;
using Ambient.Rig;
using Ambient.Testing.Facts;

namespace Ambient.Component.Tests.Kubernetes;

/// <summary>A test that needs a real kube-apiserver and etcd; skipped, with the reason, where they are not built.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresApiServerFactAttribute : FactAttribute
{
    /// <summary>Looks for the programs.</summary>
    public RequiresApiServerFactAttribute([CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        Skip = KubernetesBinaries.Missing("kube-apiserver", "etcd");
        if (Skip is not null)
        {
            SkipReport.Note(Path.GetFileNameWithoutExtension(file) + "." + test, Skip);
        }
    }
}
