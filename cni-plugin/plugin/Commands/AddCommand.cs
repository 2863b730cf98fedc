using Ambient.Cni.Enrolment.Wire;
using Ambient.Cni.Plugin.Agents;
using Ambient.Cni.Plugin.Protocol;
using Ambient.Cni.Plugin.Sandboxes;
using Ambient.Linux;

namespace Ambient.Cni.Plugin.Commands;

/// <summary>
/// ADD: a sandbox has got its interfaces. The guard goes up first, then the agent is asked, and only a clear yes, or a clear "does not belong to the
/// mesh", lets the pod start. Everything else fails the ADD and leaves the guard where it is: the runtime removes the sandbox, the kubelet tries again.
/// </summary>
internal sealed class AddCommand(NetworkConfiguration configuration, CniEnvironment attachment, ISandboxes sandboxes, PluginTimings timings, TimeProvider time)
{
    /// <summary>The result to print. Throws <see cref="CniException"/>.</summary>
    public byte[] Run()
    {
        byte[] result = configuration.Previous?.Output ?? CniOutput.Empty(configuration.Version);
        if (configuration.Leaves(attachment.Pod))
        {
            return result;
        }

        using ISandbox sandbox = Open(attachment, sandboxes);
        RaiseGuard(sandbox);
        if (Ask() == PluginVerdict.Outside && sandbox.IsGuarded)
        {
            // The agent has done it already, unless it is an older one.
            sandbox.LiftGuard();
        }

        return result;
    }

    /// <summary>Opens the sandbox that the environment names. Throws <see cref="CniException"/>.</summary>
    public static ISandbox Open(CniEnvironment attachment, ISandboxes sandboxes)
    {
        ISandbox sandbox;
        try
        {
            sandbox = sandboxes.Open(attachment.NetworkPath);
        }
        catch (LinuxException failure)
        {
            CniErrorCode code = failure.Errno is Errno.ENOENT or Errno.ESRCH ? CniErrorCode.UnknownContainer : CniErrorCode.InputOutput;
            throw new CniException(code, $"the network namespace {attachment.NetworkPath} cannot be opened", failure.Message);
        }

        if (!sandbox.IsNode)
        {
            return sandbox;
        }

        // A guard in here would cut off the node itself.
        sandbox.Dispose();
        throw new CniException(CniErrorCode.InvalidEnvironment, $"CNI_NETNS {attachment.NetworkPath} is the node's own network namespace");
    }

    private void RaiseGuard(ISandbox sandbox)
    {
        try
        {
            sandbox.RaiseGuard();
        }
        catch (LinuxException failure)
        {
            throw new CniException(
                CniErrorCode.TryAgainLater,
                $"the guard of pod {attachment.Pod!.Namespace}/{attachment.Pod.Name} cannot be raised in {attachment.NetworkPath}; does the node's kernel have nf_tables?",
                failure.Message);
        }
    }

    private string Ask()
    {
        PodArguments pod = attachment.Pod!;
        var message = new PluginMessage(attachment.NetworkPath, pod.Name, pod.Namespace, configuration.Previous?.Addresses ?? [], pod.Uid, GuardRaised: true, Asks: true);
        var client = new AgentClient(Path.Combine(configuration.RunDirectory, PluginWire.SocketName), timings.Verdict, timings.Absence, time);
        AgentAnswer? answer = client.Ask("POST", PluginWire.AddPath, message.ToJson(), out string? error);
        if (answer is null)
        {
            throw Refused(error!);
        }

        if (answer.Status != 200)
        {
            throw Refused($"unable to push CNI event (status code {answer.Status}): {answer.Text}");
        }

        if (!PluginVerdict.TryRead(answer.Body, out PluginVerdict? verdict, out error))
        {
            throw Refused("the agent's verdict cannot be understood: " + error);
        }

        return verdict!.Verdict is PluginVerdict.Enrolled or PluginVerdict.Outside ? verdict.Verdict : throw Refused("the agent's verdict is neither enrolled nor outside: " + verdict.Verdict);
    }

    /// <summary>Operators search for this phrase (cni-and-redirection.md 2.4).</summary>
    private CniException Refused(string why) => new(
        CniErrorCode.TryAgainLater,
        "istio-cni cmdAdd failed to contact node Istio CNI agent: " + why,
        $"pod {attachment.Pod!.Namespace}/{attachment.Pod.Name} stays behind its guard; is the node agent's pod running on this node?");
}
