using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Agent.Running;

namespace Ambient.Cni.Agent.Tests.Running;

public sealed class NetworkTurnsTests
{
    private static readonly NetworkIdentity Here = new(4, 1), There = new(4, 2);

    [Fact]
    public async Task OneNamespace_InTheOrderOfAsking_AnotherMeanwhile()
    {
        var turns = new NetworkTurns();
        List<string> done = [];
        var slow = new TaskCompletionSource();
        Task removed = turns.RunAsync(Here, async () =>
        {
            await slow.Task;
            done.Add("remove");
        });
        Task inspected = turns.RunAsync(Here, () => Add("inspect"));
        Task applied = turns.RunAsync(Here, () => Add("apply"));
        await turns.RunAsync(There, () => Add("there"));
        Assert.Equal(["there"], done);
        slow.SetResult();
        await Task.WhenAll(removed, inspected, applied);
        Assert.Equal(["there", "remove", "inspect", "apply"], done);
        Assert.Equal(0, turns.Count);

        Task Add(string what)
        {
            done.Add(what);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task WorkThatFails_HoldsUpNobody()
    {
        var turns = new NetworkTurns();
        await Assert.ThrowsAsync<InvalidOperationException>(() => turns.RunAsync(Here, () => throw new InvalidOperationException()));
        bool isDone = false;
        await turns.RunAsync(Here, () =>
        {
            isDone = true;
            return Task.CompletedTask;
        });
        Assert.True(isDone);
        Assert.Equal(0, turns.Count);
    }
}
