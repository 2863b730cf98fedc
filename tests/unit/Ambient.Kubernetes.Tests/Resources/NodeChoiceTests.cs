using System.Text;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Kubernetes.Tests.Resources;

/// <summary>Which nodes a DaemonSet chooses, as the scheduler reads it.</summary>
public sealed class NodeChoiceTests
{
    private static readonly Node Here = new()
    {
        Metadata = new ObjectMeta { Name = "n1", Labels = StringMap.Of(new Dictionary<string, string> { ["zone"] = "a", ["cores"] = "8" }) },
    };

    [Theory]
    [InlineData("{}", true)]
    [InlineData("""{"nodeSelector":null,"affinity":null}""", true)]
    [InlineData("""{"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1}]}}}""", true)]
    [InlineData("""{"nodeSelector":{"zone":"a"}}""", true)]
    [InlineData("""{"nodeSelector":{"zone":"a","disk":"ssd"}}""", false)]
    public void Selector_IsFulfilledByAllLabels(string spec, bool? isChosen) => Assert.Equal(isChosen, Read(spec).Chooses(Here));

    [Theory]
    [InlineData("", false)]
    [InlineData("{}", false)]
    [InlineData("""{"matchExpressions":[{"key":"zone","operator":"In","values":["a","b"]}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"zone","operator":"NotIn","values":["a"]}]}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"disk","operator":"NotIn","values":["a"]}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"disk","operator":"Exists"}]}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"cores","operator":"Gt","values":["4"]},{"key":"cores","operator":"Lt","values":["16"]}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"cores","operator":"Gt","values":["8"]}]}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"zone","operator":"Gt","values":["8"]}]}""", false)]
    [InlineData("""{"matchExpressions":[{"key":"cores","operator":"Gt","values":["many"]}]}""", null)]
    [InlineData("""{"matchExpressions":[{"key":"cores","operator":"Like","values":["8"]}]}""", null)]
    [InlineData("""{"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}""", true)]
    [InlineData("""{"matchFields":[{"key":"metadata.name","operator":"In","values":["n2"]}]}""", false)]
    [InlineData("""{"matchFields":[{"key":"spec.age","operator":"In","values":["n2"]}]}""", null)]
    [InlineData("""{"matchExpressions":[{"key":"disk","operator":"Exists"}]},{"matchExpressions":[{"key":"zone","operator":"Exists"}]}""", true)]
    [InlineData("""{"matchExpressions":[{"key":"disk","operator":"Exists"},{"key":"cores","operator":"Like"}]}""", false)]
    public void Terms_AreAlternatives_AndOfEachAllIsAsked(string terms, bool? isChosen) => Assert.Equal(
        isChosen,
        Read("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[""" + terms + "]}}}}").Chooses(Here));

    private static NodeChoice Read(string spec)
    {
        byte[] json = Encoding.UTF8.GetBytes("""{"metadata":{"name":"x"},"spec":{"template":{"spec":""" + spec + "}}}");
        Assert.True(KnownResources.DaemonSets.TryRead(json, out DaemonSet? read, out ReadProblem? problem), problem?.ToString());
        return read.Spec.Template.Spec;
    }
}
