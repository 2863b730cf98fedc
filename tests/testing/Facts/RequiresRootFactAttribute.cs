using System.Runtime.CompilerServices;
using Xunit;

namespace Ambient.Testing.Facts;

/// <summary>A test that makes network namespaces: skipped, with the reason, without the rights or the named tools.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresRootFactAttribute : FactAttribute
{
    /// <summary>Checks rights first, then tools.</summary>
    public RequiresRootFactAttribute([CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        Skip = Requirement.MissingRoot() ?? Requirement.MissingTools("ip", "nsenter", "setsid");
        if (Skip is not null)
        {
            SkipReport.Note(Path.GetFileNameWithoutExtension(file) + "." + test, Skip);
        }
    }
}
