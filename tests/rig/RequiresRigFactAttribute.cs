using System.Runtime.CompilerServices;
using Ambient.Rig.Nodes;
using Ambient.Testing.Facts;
using Xunit;

namespace Ambient.Rig;

/// <summary>A test that needs nodes with a container runtime, and further programs of Kubernetes; skipped, with the reason, where something is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresRigFactAttribute : FactAttribute
{
    /// <summary>Looks for everything: programs of Kubernetes and tools, each separated by commas.</summary>
    public RequiresRigFactAttribute(string programs = "", string tools = "nft, nsenter, unshare, /usr/lib/cni/bridge", [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        ArgumentNullException.ThrowIfNull(programs);
        ArgumentNullException.ThrowIfNull(tools);
        (Programs, Tools) = (programs, tools);
        const StringSplitOptions Clean = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        Skip = Requirement.MissingRoot() ?? Requirement.MissingTools(tools.Split(',', Clean)) ?? RigNode.Missing() ?? KubernetesBinaries.Missing(programs.Split(',', Clean));
        if (Skip is not null)
        {
            SkipReport.Note(Path.GetFileNameWithoutExtension(file) + "." + test, Skip);
        }
    }

    /// <summary>The programs, as given.</summary>
    public string Programs { get; }

    /// <summary>The tools, as given.</summary>
    public string Tools { get; }
}
