using System.Runtime.CompilerServices;
using Ambient.Topology.Processes;
using Xunit;

namespace Ambient.Testing.Facts;

/// <summary>A test that needs root, nft and a curl that knows an option: skipped, with the reason, where it does not.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresCurlOptionFactAttribute : FactAttribute
{
    /// <summary>The option, such as <c>--proxy-http2</c> (curl 8.1).</summary>
    public RequiresCurlOptionFactAttribute(string option, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        Option = option;
        Skip = Requirement.MissingRoot() ?? Requirement.MissingTools("curl", "nft", "node") ?? MissingOption(option);
        if (Skip is not null)
        {
            SkipReport.Note(Path.GetFileNameWithoutExtension(file) + "." + test, Skip);
        }
    }

    /// <summary>The option.</summary>
    public string Option { get; }

    private static string? MissingOption(string option) => Command.Run("curl", ["--help", "all"]).Output.Contains(option + " ", StringComparison.Ordinal)
        ? null
        : $"this curl has no {option}: {Command.Run("curl", ["--version"]).Output.Split('\n')[0]}";
}
