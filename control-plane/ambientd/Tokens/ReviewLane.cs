namespace Ambient.ControlPlane.Tokens;

/// <summary>Lets so many reviews happen at once and so many wait for their turn, in order. Thread-safe.</summary>
internal sealed class ReviewLane(int atOnce, int waiting)
{
    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _queue = new();
    private int _running;

    /// <summary>A turn, now or later; false when too many wait already. Whoever has one <see cref="Leave"/>s.</summary>
    internal bool TryEnter(out Task turn)
    {
        turn = Task.CompletedTask;
        lock (_gate)
        {
            if (_running < atOnce)
            {
                _running++;
                return true;
            }

            if (_queue.Count >= waiting)
            {
                return false;
            }

            var place = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _queue.Enqueue(place);
            turn = place.Task;
            return true;
        }
    }

    /// <summary>A review is done.</summary>
    internal void Leave()
    {
        lock (_gate)
        {
            if (_queue.TryDequeue(out TaskCompletionSource? next))
            {
                next.SetResult();
            }
            else
            {
                _running--;
            }
        }
    }
}
