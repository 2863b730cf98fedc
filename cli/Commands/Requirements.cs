using Ambient.Cli.Sandbox.Applications;
using Ambient.Cli.Sandbox.Nodes;
using Ambient.Linux.Proc;

namespace Ambient.Cli.Commands;

/// <summary>What the sandbox needs of the machine.</summary>
internal static class Requirements
{
    private static readonly (string Program, string Package)[] Programs =
    [
        ("ip", "iproute2"), ("ss", "iproute2"), ("nft", "nftables"), ("tcpdump", "tcpdump"), ("curl", "curl"), ("nginx", "nginx"), ("redis-server", "redis-server"),
        ("redis-cli", "redis-tools"), ("psql", "postgresql-client"), ("dig", "dnsutils"), ("setsid", "util-linux"), ("nsenter", "util-linux"), ("setpriv", "util-linux"),
    ];

    /// <summary>What is missing, one line each; empty when the sandbox can run.</summary>
    public static IReadOnlyList<string> Missing()
    {
        var missing = new List<string>();
        IReadOnlyList<string> capabilities = CapabilitySet.OfThisProcess().Missing(CapabilitySet.ForPods);
        if (capabilities.Count > 0)
        {
            missing.Add("root is needed for network namespaces (missing: " + string.Join(", ", capabilities) + ")");
        }

        string[] path = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries), "/usr/sbin", "/sbin"];
        foreach ((string program, string package) in Programs)
        {
            if (!path.Any(d => File.Exists(Path.Combine(d, program))))
            {
                missing.Add($"{program} is not installed (Debian package {package})");
            }
        }

        missing.AddRange(CniPlugins.Missing().Select(plugin => $"CNI plugin {plugin} is not in {string.Join(" or ", CniPlugins.Folders)} (Debian package containernetworking-plugins)"));
        if (PostgresServer.FindPrograms() is null)
        {
            missing.Add("PostgreSQL is not installed (Debian package postgresql)");
        }

        return missing;
    }
}
