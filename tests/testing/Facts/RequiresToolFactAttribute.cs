using System.Runtime.CompilerServices;
using Xunit;

namespace Ambient.Testing.Facts;

/// <summary>A test against foreign programs: skipped, with the reason, where they are not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresToolFactAttribute : FactAttribute
{
    /// <summary>Tools separated by commas, such as <c>nginx</c> or <c>nft, tcpdump</c>; with <paramref name="root"/> also the right to make namespaces.</summary>
    public RequiresToolFactAttribute(string tools, bool root = false, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        ArgumentNullException.ThrowIfNull(tools);
        Tools = tools;
        Root = root;
        Skip = (root ? Requirement.MissingRoot() : null) ?? Requirement.MissingTools(tools.Split(',', StringSplitOptions.TrimEntries));
        if (Skip is not null)
        {
            SkipReport.Note(Path.GetFileNameWithoutExtension(file) + "." + test, Skip);
        }
    }

    /// <summary>The tools, as given.</summary>
    public string Tools { get; }

    /// <summary>Whether it also needs root.</summary>
    public bool Root { get; }
}
