namespace Ambient.Ztunnel.Admin;

/// <summary>Asks every event loop for a sign of life: readiness must notice a stuck data path (ztunnel.md 13.1). Thread-safe.</summary>
public sealed class LoopProbe(IReadOnlyList<EventLoop.EventLoop> loops, TimeSpan limit)
{
    /// <summary>Names of the loops that did not answer within the limit.</summary>
    public async Task<IReadOnlyList<string>> StuckAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource[] answers = [.. loops.Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
        for (int i = 0; i < answers.Length; i++)
        {
            loops[i].Post(static state => ((TaskCompletionSource)state!).TrySetResult(), answers[i]);
        }

        try
        {
            await Task.WhenAll(answers.Select(a => a.Task)).WaitAsync(limit, cancellationToken);
            return [];
        }
        catch (TimeoutException)
        {
            return [.. loops.Where((_, i) => !answers[i].Task.IsCompleted).Select(l => l.Name)];
        }
    }
}
