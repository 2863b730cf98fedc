using System.Collections.Concurrent;
using System.Threading.Channels;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Sources;
using Ambient.Cni.Agent.Zds;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Running;

/// <summary>
/// Does what the book asks for and tells how it ended. Work in different pods runs beside each other, up to a bound; searches and what is written on the node
/// itself run one after the other; reports have a lane of their own, so that an API server that hangs holds up nothing else. Thread-safe.
/// </summary>
public sealed class CommandRunner : IDisposable
{
    private readonly CommandParts _parts;
    private const long Unanswered = 0;
    private readonly AgentLoop _loop;
    private readonly TimeProvider _time;
    private readonly Logger _log;
    private readonly NetworkTurns _turns = new();
    private readonly SemaphoreSlim _podWork = new(Math.Max(4, Environment.ProcessorCount * 2));
    private readonly SemaphoreSlim _reports = new(8);
    private readonly ConcurrentDictionary<string, PodCommand.Serve> _unserved = new(StringComparer.Ordinal);
    private readonly Channel<(PodCommand.Find Find, long Asked)> _searches = Channel.CreateUnbounded<(PodCommand.Find, long)>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<PodCommand> _nodeWork = Channel.CreateUnbounded<PodCommand>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>A runner over its parts.</summary>
    public CommandRunner(CommandParts parts, AgentLoop loop, TimeProvider time, Logger log) => (_parts, _loop, _time, _log) = (parts, loop, time, log);

    /// <summary>Starts a command; returns at once.</summary>
    public ValueTask PerformAsync(PodCommand command, CancellationToken cancellation)
    {
        if (_log.IsEnabled(LogLevel.Trace))
        {
            // The whole pod as text is too much for a log that nobody reads.
            _log.Trace("command", LogField.Of("command", command.ToString()));
        }

        switch (command)
        {
            case PodCommand.Serve serve:
                Serve(serve);
                break;
            case PodCommand.ServeAgain again:
                if (_unserved.TryRemove(again.Uid, out PodCommand.Serve? unserved))
                {
                    Serve(unserved);
                }
                else
                {
                    _parts.Zds.Repeat(again.Uid);
                }

                break;
            case PodCommand.Unserve gone:
                _unserved.TryRemove(gone.Uid, out _);
                _parts.Zds.Remove(gone.Uid);
                break;
            case PodCommand.Release release:
                if (_parts.Networks.Release(release.Network))
                {
                    _parts.Kernel.Forget(release.Network);
                }

                break;
            case PodCommand.OpenGate:
                _parts.Zds.OpenGate();
                _nodeWork.Writer.TryWrite(command);
                break;
            case PodCommand.Remember or PodCommand.Forget:
                // The book waits for each before it asks for the pod's next, so the queue is bounded by the pods.
                _nodeWork.Writer.TryWrite(command);
                break;
            case PodCommand.AdmitProbes or PodCommand.WithdrawProbes:
                _ = ProbesAsync((PodCommand.Step)command, cancellation);
                break;
            case PodCommand.Find find:
                _searches.Writer.TryWrite((find, _time.GetTimestamp()));
                break;
            case PodCommand.Report report:
                _ = ReportAsync(report, cancellation);
                break;
            case PodCommand.LookUp question:
                _ = LookUpAsync(question, cancellation);
                break;
            case PodCommand.InNetwork step:
                _ = _turns.RunAsync(step.Network, () => PodWorkAsync(step, cancellation));
                break;
            default:
                throw new InvalidOperationException("no such command: " + command);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _podWork.Dispose();
        _reports.Dispose();
    }

    /// <summary>Does the node's own work until cancelled.</summary>
    public async Task RunNodeWorkAsync(CancellationToken cancellation)
    {
        await foreach (PodCommand command in _nodeWork.Reader.ReadAllAsync(cancellation))
        {
            switch (command)
            {
                case PodCommand.Remember c:
                    await EndAsync(c, Write(() => _parts.Memory.Write(c.Memory)));
                    break;
                case PodCommand.Forget c:
                    await EndAsync(c, Write(() => _parts.Memory.Delete(c.Uid)));
                    break;
                default:
                    await SettleAsync(cancellation);
                    break;
            }
        }
    }

    /// <summary>Looks for pods until cancelled: all that wait share a walk through the node's processes, which holds up nobody else.</summary>
    public async Task RunSearchesAsync(CancellationToken cancellation)
    {
        await foreach ((PodCommand.Find find, long asked) in _searches.Reader.ReadAllAsync(cancellation))
        {
            await EndAsync(find, Find(find, asked));
        }
    }

    private async Task SettleAsync(CancellationToken cancellation)
    {
        if (await _parts.Probes.SettleAsync(cancellation) is { } error)
        {
            _log.Error("probes of the node may not reach pods", LogField.Of("error", error));
        }

        // Whatever could not be read is known by now, or is nobody's.
        IReadOnlyList<string> dropped = [];
        StepResult result = Write(() => dropped = _parts.Memory.DropUnreadable());
        if (dropped.Count > 0 || result.Error is not null)
        {
            _log.Info("files of the agent's memory that cannot be read are removed", LogField.Of("files", string.Join(' ', dropped)), LogField.Of("error", result.Error));
        }
    }

    private async Task ProbesAsync(PodCommand.Step command, CancellationToken cancellation)
    {
        try
        {
            string? error = command is PodCommand.AdmitProbes admit
                ? await _parts.Probes.AdmitAsync(admit.Uid, admit.Addresses, admit.Ports, cancellation)
                : await _parts.Probes.WithdrawAsync(command.Uid, cancellation);
            await EndAsync(command, new StepResult(error));
        }
        catch (Exception end) when (end is OperationCanceledException || (end is ObjectDisposedException && cancellation.IsCancellationRequested))
        {
            // The agent ends.
        }
        catch (Exception bug)
        {
            await EndAsync(command, Unthought(command, bug));
        }
    }

    private static StepResult Write(Action action)
    {
        try
        {
            action();
            return StepResult.Ok;
        }
        catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
        {
            return StepResult.Failed("the agent's run directory cannot be written: " + unwritten.Message);
        }
    }

    private void Serve(PodCommand.Serve serve)
    {
        NetworkNamespace? network = null;
        long generation = serve.Generation;
        _unserved.TryRemove(serve.Uid, out _);
        try
        {
            network = serve.Network is { } identity ? _parts.Networks.Duplicate(identity) : null;
        }
        catch (LinuxException e)
        {
            // No descriptor is left. Whoever serves the pod already keeps it, but that is no answer to what was asked; the book asks again.
            _log.Error("a pod cannot be handed to ztunnel, it will be tried again", LogField.Of("uid", serve.Uid), LogField.Of("error", e.Message));
            _unserved[serve.Uid] = serve;
            generation = Unanswered;
            _loop.OnPod(serve.Uid, serve.Generation, ZdsPodState.Refused, "it was not asked, the agent could not hand over the pod: " + e.Message);
        }

        _parts.Zds.Upsert(new ZdsPod(serve.Uid, generation, serve.Pod.Name, serve.Pod.Namespace, serve.Pod.ServiceAccount, network) { Mark = serve.Mark });
    }

    private async Task PodWorkAsync(PodCommand.InNetwork command, CancellationToken cancellation)
    {
        await _podWork.WaitAsync(cancellation);
        try
        {
            // Off the loop: these enter namespaces.
            await Task.Yield();
            StepResult result = command switch
            {
                PodCommand.Inspect c => await In(c.Network, n => _parts.Kernel.InspectAsync(n, c.Rules, cancellation), cancellation),
                PodCommand.Apply c => await In(c.Network, n => _parts.Kernel.ApplyAsync(n, c.Rules, c.IsJoining, cancellation), cancellation),
                PodCommand.Prove c => await ProveAsync(c, cancellation),
                PodCommand.RaiseGuard c => await In(c.Network, n => _parts.Kernel.RaiseGuardAsync(n, cancellation), cancellation),
                PodCommand.LiftGuard c => await In(c.Network, n => _parts.Kernel.LiftGuardAsync(n, cancellation), cancellation),
                PodCommand.Remove c => await In(c.Network, n => _parts.Kernel.RemoveAsync(n, c.Rules, cancellation), cancellation),
                PodCommand.Hold c => await In(c.Network, n => _parts.Kernel.HoldAsync(n, c.Rules, cancellation), cancellation),
                PodCommand.EndHold c => await In(c.Network, n => _parts.Kernel.EndHoldAsync(n), cancellation),
                _ => throw new InvalidOperationException("no such command: " + command),
            };
            await EndAsync(command, result);
        }
        catch (OperationCanceledException)
        {
            // The agent ends.
        }
        catch (Exception bug)
        {
            await EndAsync(command, Unthought(command, bug));
        }
        finally
        {
            _podWork.Release();
        }
    }

    private ValueTask EndAsync(PodCommand.Step step, StepResult result)
    {
        if (result.Error is not null)
        {
            _log.Warn("step failed, it will be tried again", LogField.Of("uid", step.Uid), LogField.Of("step", step.GetType().Name), LogField.Of("error", result.Error));
        }

        return _loop.TellAsync(new PodEvent.Done(step.Uid, step.Ticket, result));
    }

    private StepResult Unthought(PodCommand command, Exception bug)
    {
        _log.Error("a command failed in a way that nobody thought of", LogField.Of("command", command.GetType().Name), LogField.Of("error", bug.ToString()));
        return StepResult.Failed(bug.Message);
    }

    private StepResult Find(PodCommand.Find find, long asked)
    {
        try
        {
            NetworkNamespace? network = _parts.Finder.Find(find.Pod, out string? doubt, asked);
            return network is not null ? StepResult.Ok with { Network = _parts.Networks.Hold(network) }
                : doubt is not null ? StepResult.Failed("its network namespace is in doubt: " + doubt)
                : StepResult.Ok;
        }
        catch (Exception bug)
        {
            return Unthought(find, bug);
        }
    }

    private async Task<StepResult> ProveAsync(PodCommand.Prove prove, CancellationToken cancellation)
    {
        NetworkIdentity? elsewhere = prove.IsPlaceKnown ? null : _parts.Finder.Elsewhere(prove.Pod, prove.Network);
        return elsewhere is not null
            ? StepResult.Ok with { Elsewhere = elsewhere }
            : await In(prove.Network, n => _parts.Kernel.ProveAsync(n, prove.Rules, cancellation), cancellation);
    }

    private async Task<StepResult> In(NetworkIdentity network, Func<NetworkNamespace, Task<StepResult>> work, CancellationToken cancellation) =>
        await _parts.Networks.UseAsync(network, work, cancellation) ?? StepResult.Failed(network + " is closed already");

    private async Task ReportAsync(PodCommand.Report report, CancellationToken cancellation)
    {
        ReportResult result;
        try
        {
            await _reports.WaitAsync(cancellation);
            try
            {
                result = await _parts.Reporter.ReportAsync(report.Pod, report.Content, cancellation);
            }
            finally
            {
                _reports.Release();
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception failure)
        {
            result = new ReportResult(failure.Message);
        }

        _log.Log(
            result.Error is null && report.Content.Text is null ? LogLevel.Info : LogLevel.Warn,
            "pod status",
            LogField.Bare("pod", report.Pod.Namespace + "/" + report.Pod.Name),
            LogField.Of("redirection", report.Content.Redirection.ToString()),
            LogField.Of("reason", report.Content.Text),
            LogField.Of("error", result.Error));
        await _loop.TellAsync(new PodEvent.Reported(report.Uid, report.Content, result.Error) { Version = result.Version });
    }

    private async Task LookUpAsync(PodCommand.LookUp question, CancellationToken cancellation)
    {
        PodEvent.LookedUp answer;
        try
        {
            answer = await _parts.Source.LookUpAsync(question, cancellation);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (Exception failure)
        {
            answer = new PodEvent.LookedUp(question.Request, null, null, "the pod's source does not answer: " + failure.Message);
        }

        await _loop.TellAsync(answer);
    }
}
