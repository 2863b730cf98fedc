using Ambient.Linux.Tools;

namespace Ambient.Cni.Redirection.Tools;

/// <summary>A tool's failure as this library's own. Pure.</summary>
internal static class ToolFailures
{
    /// <summary>The result; throws <see cref="RedirectionException"/> for a failure, with what was to be done.</summary>
    public static ToolResult OrThrow(this ToolResult result, string what) => result.Succeeded ? result : throw new RedirectionException($"{what}: {result.Complaint}");
}
