using System.Threading.Channels;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Zds;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Running;

/// <summary>
/// Does what the book asks for and tells how it ended. Work in pods runs beside each other, up to a bound; what is written on the node itself runs one
/// after the other; reports have a lane of their own, so that an API server that hangs holds up nothing else. Thread-safe.
/// </summary>
public sealed class CommandRunner : IDisposable
{
    private readonly CommandParts _parts;
    private readonly AgentLoop _loop;
    private readonly Logger _log;
    private readonly SemaphoreSlim _podWork = new(Math.Max(4, Environment.ProcessorCount * 2));
    private readonly SemaphoreSlim _reports = new(8);
    private readonly Channel<PodCommand> _nodeWork = Channel.CreateUnbounded<PodCommand>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>A runner over its parts.</summary>
    public CommandRunner(CommandParts parts, AgentLoop loop, Logger log) => (_parts, _loop, _log) = (parts, loop, log);

    /// <summary>Starts a command; returns at once.</summary>
    public ValueTask PerformAsync(PodCommand command, CancellationToken cancellation)
    {
        _log.Trace("command", LogField.Of("command", command.ToString()));
        switch (command)
        {
            case PodCommand.Serve serve:
                Serve(serve);
                break;
            case PodCommand.ServeAgain again:
                _parts.Zds.Repeat(again.Uid);
                break;
            case PodCommand.Unserve gone:
                _parts.Zds.Remove(gone.Uid);
                break;
            case PodCommand.Release release:
                if (_parts.Networks.Release(release.Network))
                {
                    _parts.Kernel.Forget(release.Network);
                }

                break;
            case PodCommand.Remember or PodCommand.Forget or PodCommand.AdmitProbes or PodCommand.WithdrawProbes or PodCommand.OpenGate:
                if (command is PodCommand.OpenGate)
                {
                    _parts.Zds.OpenGate();
                }

                // At most one command of a pod is under way, so the queue is bounded by the pods.
                _nodeWork.Writer.TryWrite(command);
                break;
            case PodCommand.Report report:
                _ = ReportAsync(report, cancellation);
                break;
            case PodCommand.LookUp question:
                _ = LookUpAsync(question, cancellation);
                break;
            default:
                _ = PodWorkAsync(command, cancellation);
                break;
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
                    await DoneAsync(c.Uid, c.Ticket, Write(() => _parts.Memory.Write(c.Memory)));
                    break;
                case PodCommand.Forget c:
                    await DoneAsync(c.Uid, c.Ticket, Write(() => _parts.Memory.Delete(c.Uid)));
                    break;
                case PodCommand.AdmitProbes c:
                    await DoneAsync(c.Uid, c.Ticket, new StepResult(await _parts.Probes.AdmitAsync(c.Uid, c.Addresses, c.Ports, cancellation)));
                    break;
                case PodCommand.WithdrawProbes c:
                    await DoneAsync(c.Uid, c.Ticket, new StepResult(await _parts.Probes.WithdrawAsync(c.Uid, cancellation)));
                    break;
                default:
                    if (await _parts.Probes.SettleAsync(cancellation) is { } error)
                    {
                        _log.Error("probes of the node may not reach pods", LogField.Of("error", error));
                    }

                    break;
            }
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
        try
        {
            network = serve.Network is { } identity ? _parts.Networks.Duplicate(identity) : null;
        }
        catch (LinuxException e)
        {
            _log.Error("a pod cannot be handed to ztunnel", LogField.Of("uid", serve.Uid), LogField.Of("error", e.Message));
        }

        _parts.Zds.Upsert(new ZdsPod(serve.Uid, serve.Generation, serve.Pod.Name, serve.Pod.Namespace, serve.Pod.ServiceAccount, network) { Mark = serve.Mark });
    }

    private async Task PodWorkAsync(PodCommand command, CancellationToken cancellation)
    {
        await _podWork.WaitAsync(cancellation);
        try
        {
            // Off the loop: these enter namespaces and walk /proc.
            await Task.Yield();
            (string uid, long ticket, StepResult result) = command switch
            {
                PodCommand.Find c => (c.Uid, c.Ticket, await Task.Run(() => Find(c), cancellation)),
                PodCommand.Inspect c => (c.Uid, c.Ticket, await In(c.Network, n => _parts.Kernel.InspectAsync(n, c.Rules, cancellation), cancellation)),
                PodCommand.Apply c => (c.Uid, c.Ticket, await In(c.Network, n => _parts.Kernel.ApplyAsync(n, c.Rules, c.IsJoining, cancellation), cancellation)),
                PodCommand.Prove c => (c.Uid, c.Ticket, await ProveAsync(c, cancellation)),
                PodCommand.RaiseGuard c => (c.Uid, c.Ticket, await In(c.Network, n => _parts.Kernel.RaiseGuardAsync(n, cancellation), cancellation)),
                PodCommand.LiftGuard c => (c.Uid, c.Ticket, await In(c.Network, n => _parts.Kernel.LiftGuardAsync(n, cancellation), cancellation)),
                PodCommand.Remove c => (c.Uid, c.Ticket, await In(c.Network, n => _parts.Kernel.RemoveAsync(n, c.Rules, cancellation), cancellation)),
                _ => throw new InvalidOperationException("no such command: " + command),
            };
            if (result.Error is not null)
            {
                _log.Warn("step failed, it will be tried again", LogField.Of("uid", uid), LogField.Of("step", command.GetType().Name), LogField.Of("error", result.Error));
            }

            await DoneAsync(uid, ticket, result);
        }
        catch (OperationCanceledException)
        {
            // The agent ends.
        }
        catch (Exception bug)
        {
            _log.Error("a command failed in a way that nobody thought of", LogField.Of("command", command.GetType().Name), LogField.Of("error", bug.ToString()));
            await DoneAsync(UidOf(command), TicketOf(command), StepResult.Failed(bug.Message));
        }
        finally
        {
            _podWork.Release();
        }
    }

    private StepResult Find(PodCommand.Find find)
    {
        NetworkNamespace? network = _parts.Finder.Find(find.Pod, out string? doubt);
        return network is not null ? StepResult.Ok with { Network = _parts.Networks.Hold(network) }
            : doubt is not null ? StepResult.Failed("its network namespace is in doubt: " + doubt)
            : StepResult.Ok;
    }

    private async Task<StepResult> ProveAsync(PodCommand.Prove prove, CancellationToken cancellation)
    {
        NetworkIdentity? elsewhere = await Task.Run(() => _parts.Finder.Elsewhere(prove.Pod, prove.Network), cancellation);
        return elsewhere is not null
            ? StepResult.Ok with { Elsewhere = elsewhere }
            : await In(prove.Network, n => _parts.Kernel.ProveAsync(n, prove.Rules, cancellation), cancellation);
    }

    private async Task<StepResult> In(NetworkIdentity network, Func<NetworkNamespace, Task<StepResult>> work, CancellationToken cancellation) =>
        await _parts.Networks.UseAsync(network, work, cancellation) ?? StepResult.Failed(network + " is closed already");

    private async Task ReportAsync(PodCommand.Report report, CancellationToken cancellation)
    {
        string? error;
        try
        {
            await _reports.WaitAsync(cancellation);
            try
            {
                error = await _parts.Reporter.ReportAsync(report.Pod, report.Content, cancellation);
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
            error = failure.Message;
        }

        _log.Log(
            error is null && report.Content.Text is null ? LogLevel.Info : LogLevel.Warn,
            "pod status",
            LogField.Bare("pod", report.Pod.Namespace + "/" + report.Pod.Name),
            LogField.Of("redirection", report.Content.Redirection.ToString()),
            LogField.Of("reason", report.Content.Text),
            LogField.Of("error", error));
        await _loop.TellAsync(new PodEvent.Reported(report.Uid, report.Content, error));
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

    private ValueTask DoneAsync(string uid, long ticket, StepResult result) => _loop.TellAsync(new PodEvent.Done(uid, ticket, result));

    private static string UidOf(PodCommand command) => command switch
    {
        PodCommand.Find c => c.Uid,
        PodCommand.Inspect c => c.Uid,
        PodCommand.Apply c => c.Uid,
        PodCommand.Prove c => c.Uid,
        PodCommand.RaiseGuard c => c.Uid,
        PodCommand.LiftGuard c => c.Uid,
        PodCommand.Remove c => c.Uid,
        _ => "",
    };

    private static long TicketOf(PodCommand command) => command switch
    {
        PodCommand.Find c => c.Ticket,
        PodCommand.Inspect c => c.Ticket,
        PodCommand.Apply c => c.Ticket,
        PodCommand.Prove c => c.Ticket,
        PodCommand.RaiseGuard c => c.Ticket,
        PodCommand.LiftGuard c => c.Ticket,
        PodCommand.Remove c => c.Ticket,
        _ => 0,
    };
}
