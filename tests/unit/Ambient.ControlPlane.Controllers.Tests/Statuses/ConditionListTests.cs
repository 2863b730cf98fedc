using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Controllers.Tests.Statuses;

public sealed class ConditionListTests
{
    private static readonly Condition Foreign = new() { Type = "Foreign", Status = "True", Reason = "R", LastTransitionTime = Make.Now.AddDays(-9), ObservedGeneration = 1 };
    private static readonly Condition Mine = new() { Type = "Mine", Status = "True", Reason = "Accepted", Message = "m" };

    [Fact]
    [Trait("behaviour", "CP-144")]
    public void Merge_WritesOnlyWhatDiffers()
    {
        IReadOnlyList<Condition>? Merge(IReadOnlyList<Condition> existing, params Condition[] wanted) => ConditionList.Merge(existing, wanted, ["Mine", "Old"], 3, Make.Now);
        Assert.Null(Merge([]));
        Assert.Null(Merge([Foreign]));
        IReadOnlyList<Condition> first = Merge([Foreign], Mine)!;
        Assert.Equal([Foreign, Mine with { ObservedGeneration = 3, LastTransitionTime = Make.Now }], first);
        Assert.Null(Merge(first, Mine));
        Assert.Equal([Foreign], Merge(first)!);

        // The time is that of the status, not of its words; a new generation is said.
        IReadOnlyList<Condition> old = [Mine with { LastTransitionTime = Make.Now.AddDays(-1), ObservedGeneration = 3 }];
        Assert.Equal(Make.Now.AddDays(-1), Merge(old, Mine with { Message = "n" })![0].LastTransitionTime);
        Assert.Equal(Make.Now, Merge(old, Mine with { Status = "False" })![0].LastTransitionTime);
        Assert.Equal(3, Merge([old[0] with { ObservedGeneration = 2 }], Mine)![0].ObservedGeneration);
    }
}
