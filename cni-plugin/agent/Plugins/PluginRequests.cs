using Ambient.Cni.Agent.Discovery;
using Ambient.Cni.Agent.Kernel;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Running;
using Ambient.Cni.Enrolment.Wire;
using Ambient.Linux;
using Ambient.Linux.Namespaces;

namespace Ambient.Cni.Agent.Plugins;

/// <summary>Answers the plugin: opens the sandbox it names, checks that it can be the pod's, and lets the book decide. Thread-safe.</summary>
public sealed class PluginRequests(AgentLoop loop, HeldNetworks networks, IPodGuard guard, NetworkIdentity node, string hostRoot, TimeSpan patience)
{
    /// <summary>Answers one request; never throws for what a peer sends.</summary>
    public async Task<PluginAnswer> AnswerAsync(string method, string path, ReadOnlyMemory<byte> body, CancellationToken cancellation) => (method, path) switch
    {
        ("POST", PluginWire.AddPath) => await AddAsync(body, cancellation),
        ("POST", PluginWire.DeletePath) => await DeleteAsync(body),
        ("GET", PluginWire.HealthPath) => loop.SinceTurn < TimeSpan.FromSeconds(5)
            ? new PluginAnswer(200, "text/plain; charset=utf-8", "ok")
            : PluginAnswer.Error(503, "the agent's loop has not turned for " + loop.SinceTurn),
        _ => PluginAnswer.Error(404, "no such request; there are POST /cmdadd, POST /cmddel and GET /healthz"),
    };

    private async Task<PluginAnswer> AddAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        if (!PluginMessage.TryRead(body, out PluginMessage? message, out string? error))
        {
            return PluginAnswer.Error(400, "the event cannot be read: " + error);
        }

        if (message!.PodName.Length == 0 || message.PodNamespace.Length == 0)
        {
            return PluginAnswer.Error(400, "PodName and PodNamespace must be given");
        }

        if (!TryOpen(message, out NetworkNamespace? network, out string? doubt))
        {
            return PluginAnswer.Error(500, $"the network namespace {message.NetworkPath} of pod {message.PodNamespace}/{message.PodName} cannot be used: {doubt}");
        }

        NetworkIdentity identity = networks.Hold(network!);
        NetworkNamespace? held;
        try
        {
            held = message.GuardRaised ? networks.Duplicate(identity) : null;
        }
        catch (LinuxException none)
        {
            networks.Release(identity);
            return PluginAnswer.Error(500, $"pod {message.PodNamespace}/{message.PodName} is not in the mesh: the agent has no file descriptor left: {none.Message}");
        }

        using NetworkNamespace? guarded = held;
        SandboxAnswer answer = await loop.AskAsync(
            new SandboxRequest(0, message.PodUid, message.PodName, message.PodNamespace, identity, message.Addresses, message.GuardRaised, loop.Now + patience),
            cancellation);
        return answer.Verdict switch
        {
            SandboxVerdict.Enrolled => Verdict(PluginVerdict.Enrolled, answer.Text),
            SandboxVerdict.Outside when message.Asks && guarded is not null && await guard.LiftAsync(guarded, cancellation) is { } failure =>
                PluginAnswer.Error(500, $"pod {message.PodNamespace}/{message.PodName} is not in the mesh, but its guard cannot be lifted: {failure}"),
            SandboxVerdict.Outside when message.Asks => Verdict(PluginVerdict.Outside, answer.Text),
            SandboxVerdict.Outside => PluginAnswer.Error(500, $"pod {message.PodNamespace}/{message.PodName} is unexpectedly not eligible for ambient enrollment: {answer.Text}"),
            _ => PluginAnswer.Error(500, $"pod {message.PodNamespace}/{message.PodName} is not in the mesh: {answer.Text}"),
        };
    }

    private async Task<PluginAnswer> DeleteAsync(ReadOnlyMemory<byte> body)
    {
        if (!PluginMessage.TryRead(body, out PluginMessage? message, out string? error))
        {
            return PluginAnswer.Error(400, "the event cannot be read: " + error);
        }

        // A namespace that is gone already needs no farewell: the pod's end, or its next proof, tells the same.
        if (TryOpen(message! with { Addresses = [] }, out NetworkNamespace? network, out _))
        {
            using (network)
            {
                await loop.TellAsync(new PodEvent.SandboxDeleted(new NetworkIdentity(network!.Device, network.Inode)));
            }
        }

        return Verdict(PluginVerdict.Deleted, "");
    }

    /// <summary>Opens the path below the node's root. It must be a network namespace, not the node's, and have the addresses it is said to have.</summary>
    private bool TryOpen(PluginMessage message, out NetworkNamespace? network, out string? doubt)
    {
        network = null;
        if (!message.NetworkPath.StartsWith('/') || message.NetworkPath.Split('/').Any(p => p is ".." or "."))
        {
            doubt = "not an absolute path without . and ..";
            return false;
        }

        try
        {
            network = NetworkNamespace.Open(hostRoot + message.NetworkPath);
            if (new NetworkIdentity(network.Device, network.Inode) == node)
            {
                doubt = "it is the node's own";
            }
            else if (message.Addresses.Count > 0 && !InterfaceAddresses.Read(network).Intersect(message.Addresses).Any())
            {
                doubt = "none of its interfaces has " + string.Join(", ", message.Addresses);
            }
            else
            {
                doubt = null;
                return true;
            }
        }
        catch (Exception unusable) when (unusable is LinuxException or IOException)
        {
            doubt = unusable.Message;
        }

        network?.Dispose();
        network = null;
        return false;
    }

    private static PluginAnswer Verdict(string verdict, string text) => new(200, "application/json", new PluginVerdict(verdict, text).ToJson());
}
