namespace Ambient.ControlPlane.Controllers.Leading;

/// <summary>Work that stands on what is followed beside it: when one of those ends, the work ends with its exception, and who runs it begins anew. Stateless.</summary>
internal static class FollowedWork
{
    /// <summary>Completes, when nothing of it goes on any more, as the first that ended did.</summary>
    /// <param name="following">What the work stands on.</param>
    /// <param name="working">The work.</param>
    /// <param name="stopping">Ends all of them.</param>
    internal static async Task RunAsync(IReadOnlyCollection<Task> following, Task working, CancellationTokenSource stopping)
    {
        Task[] all = [.. following, working];
        try
        {
            Task first = await Task.WhenAny(all);
            await first;
            if (!ReferenceEquals(first, working))
            {
                throw new InvalidOperationException("what the work stands on is not followed any more");
            }
        }
        finally
        {
            await stopping.CancelAsync();
            await Task.WhenAll(all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
