using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;

namespace Ambient.ControlPlane.Routing.Tests.Keys;

/// <summary>Answers as the test says, and counts.</summary>
internal sealed class ScriptedFetcher : IKeySetFetcher
{
    public string? Keys { get; set; } = "first";

    public int Calls { get; private set; }

    public int Running { get; private set; }

    public TaskCompletionSource? Gate { get; set; }

    public async Task<string> FetchAsync(KeySource source, CancellationToken cancellation)
    {
        Calls++;
        Running++;
        if (Gate is { } gate)
        {
            await gate.Task.WaitAsync(cancellation);
        }

        Running--;
        return Keys ?? throw new KeySetException("down");
    }
}
