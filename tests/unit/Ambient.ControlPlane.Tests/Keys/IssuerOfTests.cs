using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Keys;

namespace Ambient.ControlPlane.Tests.Keys;

/// <summary>An issuer that answers when it is told to.</summary>
internal sealed class IssuerOfTests : IKeySetFetcher
{
    public TaskCompletionSource<string> Answer { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<string> FetchAsync(KeySource source, CancellationToken cancellation) => Answer.Task.WaitAsync(cancellation);
}
