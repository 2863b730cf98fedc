using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.References;

/// <summary>A Secret or ConfigMap that is followed. Used under the lock of <see cref="ReferenceKeeper"/>, apart from its end.</summary>
internal sealed class FollowedReference : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>What it says.</summary>
    internal Referenced Now { get; set; } = Referenced.Unknown;

    /// <summary>Whether nothing depended on it the last time that somebody looked.</summary>
    internal bool IsIdle { get; set; }

    /// <summary>Ends the following.</summary>
    internal CancellationToken Stopping => _stop.Token;

    /// <summary>Completes when there is an answer, whatever it is.</summary>
    internal TaskCompletionSource Known { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The following; it never fails.</summary>
    internal Task Running { get; set; } = Task.CompletedTask;

    /// <summary>Ends it; completes when nothing of it goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Running;
        _stop.Dispose();
    }
}
