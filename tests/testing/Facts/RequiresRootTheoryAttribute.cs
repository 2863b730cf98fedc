using System.Runtime.CompilerServices;
using Xunit;

namespace Ambient.Testing.Facts;

/// <summary>A theory that makes network namespaces: skipped, with the reason, without the rights or the named tools.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresRootTheoryAttribute : TheoryAttribute
{
    /// <summary>Tools separated by commas, beyond <c>ip</c>; empty for none.</summary>
    public RequiresRootTheoryAttribute(string tools = "", [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        ArgumentNullException.ThrowIfNull(tools);
        Tools = tools;
        Skip = Requirement.MissingRoot()
            ?? Requirement.MissingTools(["ip", "nsenter", "setsid", .. tools.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]);
        if (Skip is not null)
        {
            SkipReport.Note(Path.GetFileNameWithoutExtension(file) + "." + test, Skip);
        }
    }

    /// <summary>The tools, as given.</summary>
    public string Tools { get; }
}
