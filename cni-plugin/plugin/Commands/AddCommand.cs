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
internal sealed class AddCommand(NetworkConfiguration configuration, CniEnvironment attachment, ISandboxes sandboxes, PluginTimings timings, TimeProvider time, PluginLog log)
{
    private const string NotEligible = "unexpectedly not eligible for ambient enrollment";

    /// <summary>The result to print. Throws <see cref="CniException"/>.</summary>
    public byte[] Run()
    {
        byte[] result = configuration.Previous?.Output ?? CniOutput.Empty(configuration.Version);
        if (configuration.Leaves(attachment.Pod))
        {
            return result;
        }

        DateTimeOffset began = time.GetUtcNow();
        long start = time.GetTimestamp();
        using ISandbox sandbox = Open(attachment, sandboxes);
        RaiseGuard(sandbox);
        TimeSpan guarded = time.GetElapsedTime(start);
        string verdict = Ask();
        TimeSpan answered = time.GetElapsedTime(start);
        if ((verdict == PluginVerdict.Outside || configuration.IsUpstreamAgent) && sandbox.IsGuarded)
        {
            // The agent has done it already, unless it is an older one, or upstream's.
            sandbox.LiftGuard();
        }

        log.Add(
            "info",
            "sandbox added",
            ("pod", attachment.Pod!.Namespace + "/" + attachment.Pod.Name),
            ("verdict", verdict),
            ("began", began.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", System.Globalization.CultureInfo.InvariantCulture)),
            ("guard_ms", Milliseconds(guarded)),
            ("agent_ms", Milliseconds(answered - guarded)));
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
        catch (Exception failure) when (failure is LinuxException or IOException)
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

        if (configuration.IsUpstreamAgent)
        {
            return ReadUpstream(answer);
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

    /// <summary>
    /// Upstream's agent has two answers (cni-and-redirection.md 2.4, 4.4): 200 with whatever body once ztunnel has acknowledged the pod, and an error in
    /// words. It is asked of every pod, so its "not eligible" is an answer here and no failure.
    /// </summary>
    private string ReadUpstream(AgentAnswer answer) => answer.Status switch
    {
        200 => PluginVerdict.Enrolled,
        500 when answer.Text.Contains(NotEligible, StringComparison.Ordinal) => PluginVerdict.Outside,
        _ => throw Refused($"unable to push CNI event (status code {answer.Status}): {answer.Text}"),
    };

    private static string Milliseconds(TimeSpan time) => time.TotalMilliseconds.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Operators search for this phrase (cni-and-redirection.md 2.4).</summary>
    private CniException Refused(string why) => new(
        CniErrorCode.TryAgainLater,
        "istio-cni cmdAdd failed to contact node Istio CNI agent: " + why,
        $"pod {attachment.Pod!.Namespace}/{attachment.Pod.Name} stays behind its guard; is the node agent's pod running on this node?");
}
