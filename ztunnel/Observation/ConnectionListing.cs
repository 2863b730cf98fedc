namespace Ambient.Ztunnel.Observation;

/// <summary>Gathers the rows of several loops, each asked on its own thread. Thread-safe.</summary>
public static class ConnectionListing
{
    /// <summary>Rows of all tables; a loop that does not answer within the limit is left out.</summary>
    public static async Task<IReadOnlyCollection<ConnectionRow>> CollectAsync(
        IReadOnlyList<(EventLoop.EventLoop Loop, ConnectionTable Table)> tables, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tables);
        Question[] questions = [.. tables.Select(t => new Question(t.Table))];
        for (int i = 0; i < questions.Length; i++)
        {
            tables[i].Loop.Post(static state => ((Question)state!).Answer(), questions[i]);
        }

        Task all = Task.WhenAll(questions.Select(q => q.Rows.Task));
        try
        {
            await all.WaitAsync(limit, cancellationToken);
        }
        catch (TimeoutException)
        {
            // What did answer is still worth showing.
        }

        return [.. questions.Where(q => q.Rows.Task.IsCompletedSuccessfully).SelectMany(q => q.Rows.Task.GetAwaiter().GetResult()).Distinct()];
    }

    private sealed class Question(ConnectionTable table)
    {
        public TaskCompletionSource<HashSet<ConnectionRow>> Rows { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Answer()
        {
            HashSet<ConnectionRow> rows = [];
            table.List(rows);
            Rows.TrySetResult(rows);
        }
    }
}
