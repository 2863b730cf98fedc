using Ambient.Cli.Sandbox;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>DNS inside pods.</summary>
internal static class NameChecks
{
    public static async Task ServicesResolveAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        string host = SandboxLayout.Web.Host;
        await AskAsync(log, client, SandboxLayout.Web.Address.ToString(), "+short", "A", host);
        await AskAsync(log, client, SandboxLayout.Web.AddressV6.ToString(), "+short", "AAAA", host);
        await AskAsync(log, client, SandboxLayout.Database.Address.ToString(), "+short", "+tcp", "A", SandboxLayout.Database.Host);
        await AskAsync(log, client, SandboxLayout.Web.Address.ToString(), "+short", "+search", "A", "web");

        CommandResult resolved = (await client.RunAsync("getent", "ahostsv4", "web")).OrThrow();
        log.Did("client: getent ahostsv4 web");
        log.Saw(resolved.Output.Split('\n')[0]);
        log.Require(resolved.Output.StartsWith(SandboxLayout.Web.Address.ToString(), StringComparison.Ordinal), "the C library must resolve the short name as well");
    }

    private static async Task AskAsync(CheckLog log, SandboxPod client, string expected, params string[] words)
    {
        log.Did("client: dig " + string.Join(' ', words));
        CommandResult answer = await client.RunAsync("dig", ["+time=2", "+tries=2", .. words]);
        string text = answer.Output.Trim();
        log.Saw(text.Length == 0 ? answer.Text : text.Replace("\n", ", ", StringComparison.Ordinal));
        log.Require(text.Split('\n').Contains(expected), "the answer must be " + expected);
    }
}
