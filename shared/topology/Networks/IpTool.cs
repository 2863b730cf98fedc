using Ambient.Topology.Processes;

namespace Ambient.Topology.Networks;

/// <summary>Calls of iproute2's <c>ip</c>; a failure names the call.</summary>
internal static class IpTool
{
    /// <summary>One call in the machine's own namespace.</summary>
    public static void Run(params string[] arguments) => Command.Run("ip", arguments).OrThrow();

    /// <summary>Several calls in one process inside a namespace; the first that fails ends it. Words must not hold foreign input.</summary>
    public static void Batch(string namespaceName, params string[] lines) =>
        Command.Run("ip", ["-n", namespaceName, "-batch", "-"], input: string.Join('\n', lines) + "\n").OrThrow();
}
