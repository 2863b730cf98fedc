using System.Collections.Concurrent;
using System.Threading.Channels;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Zds;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Running;

/// <summary>
/// The one writer: takes events from a mailbox, lets the book decide, hands commands to whoever does them, and takes their results from the mailbox
/// again. Public members are thread-safe.
/// </summary>
public sealed class AgentLoop : IZdsEvents
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(100);
    private readonly Channel<PodEvent> _mailbox = Channel.CreateBounded<PodEvent>(new BoundedChannelOptions(50_000) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly ConcurrentDictionary<long, TaskCompletionSource<SandboxAnswer>> _answers = new();
    private readonly PodBook _book;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly Logger _log;
    private Func<PodCommand, CancellationToken, ValueTask> _do = (_, _) => ValueTask.CompletedTask;
    private volatile IReadOnlyList<PodView> _pods = [];
    private volatile bool _isComplete;
    private int _ztunnels;
    private long _lastRequest;
    private long _turnedAt;
    private bool _isListOld = true;

    /// <summary>A loop that does not turn yet.</summary>
    public AgentLoop(PodBookOptions options, TimeProvider time, Logger log)
    {
        ArgumentNullException.ThrowIfNull(time);
        (_time, _log, _started) = (time, log, time.GetTimestamp());
        _turnedAt = _started;
        _book = new PodBook(options, Now);
    }

    /// <summary>Time since the start.</summary>
    public TimeSpan Now => _time.GetElapsedTime(_started);

    /// <summary>The pods as they were at the last turn.</summary>
    public IReadOnlyList<PodView> Pods => _pods;

    /// <summary>Whether all pods are known and ztunnels may be told.</summary>
    public bool IsComplete => _isComplete;

    /// <summary>Whether a sandbox waits for its answer.</summary>
    public bool IsAsked => !_answers.IsEmpty;

    /// <summary>Connected ztunnels.</summary>
    public int Ztunnels => Volatile.Read(ref _ztunnels);

    /// <summary>How long ago the loop turned: it is stuck when this grows.</summary>
    public TimeSpan SinceTurn => _time.GetElapsedTime(Volatile.Read(ref _turnedAt));

    /// <summary>Leaves an event in the mailbox.</summary>
    public ValueTask TellAsync(PodEvent heard) => _mailbox.Writer.WriteAsync(heard);

    /// <summary>Asks for a sandbox and waits for the answer until the deadline. The namespace is held already.</summary>
    public async Task<SandboxAnswer> AskAsync(SandboxRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        long id = Interlocked.Increment(ref _lastRequest);
        var answer = new TaskCompletionSource<SandboxAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _answers[id] = answer;
        try
        {
            await TellAsync(new PodEvent.SandboxAdded(request with { Id = id }));
            return await answer.Task.WaitAsync(request.Deadline - Now + TimeSpan.FromSeconds(1), _time, cancellation);
        }
        catch (TimeoutException)
        {
            return new SandboxAnswer(SandboxVerdict.Failed, "the agent is overloaded and did not decide in time");
        }
        finally
        {
            _answers.TryRemove(id, out _);
        }
    }

    /// <summary>Turns until cancelled.</summary>
    public async Task RunAsync(Func<PodCommand, CancellationToken, ValueTask> perform, CancellationToken cancellation)
    {
        _do = perform;
        using ITimer timer = _time.CreateTimer(_ => _mailbox.Writer.TryWrite(new PodEvent.Tick()), null, TickInterval, TickInterval);
        while (await _mailbox.Reader.WaitToReadAsync(cancellation))
        {
            while (_mailbox.Reader.TryRead(out PodEvent? heard))
            {
                await TurnAsync(heard, cancellation);
            }
        }
    }

    /// <inheritdoc/>
    public void OnPod(string uid, long generation, ZdsPodState state, string? refusal) => Leave(new PodEvent.ProxyAnswered(uid, generation, state, refusal));

    /// <inheritdoc/>
    public void OnMark(string uid, long generation, bool isUsed) => Leave(new PodEvent.MarkUsed(uid, generation, isUsed));

    private void Leave(PodEvent heard)
    {
        // The mailbox is larger than all pods of a node together; were it full, waiting here would only slow ztunnels down.
        if (!_mailbox.Writer.TryWrite(heard))
        {
            _ = TellAsync(heard).AsTask();
        }
    }

    /// <inheritdoc/>
    public void OnConnections(int connected, int settled) => Volatile.Write(ref _ztunnels, connected);

    private async Task TurnAsync(PodEvent heard, CancellationToken cancellation)
    {
        Volatile.Write(ref _turnedAt, _time.GetTimestamp());
        IReadOnlyList<PodCommand> commands = _book.Apply(heard, Now);
        foreach (PodCommand command in commands)
        {
            if (command is PodCommand.Answer answer)
            {
                _log.Debug("sandbox answered", LogField.Of("request", answer.Request), LogField.Of("verdict", answer.Reply.Verdict.ToString()), LogField.Of("text", answer.Reply.Text));
                if (_answers.TryRemove(answer.Request, out TaskCompletionSource<SandboxAnswer>? waiting))
                {
                    waiting.SetResult(answer.Reply);
                }

                continue;
            }

            await _do(command, cancellation);
        }

        _isComplete = _book.IsGateOpen;

        // A node where nothing happens makes no garbage.
        _isListOld |= heard is not PodEvent.Tick || commands.Count > 0;
        if (heard is PodEvent.Tick && _isListOld)
        {
            _pods = _book.List();
            _isListOld = false;
        }
    }
}
