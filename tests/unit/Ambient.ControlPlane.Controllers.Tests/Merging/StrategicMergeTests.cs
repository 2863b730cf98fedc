using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Merging;

namespace Ambient.ControlPlane.Controllers.Tests.Merging;

public sealed class StrategicMergeTests
{
    [Theory]
    [InlineData("{'a':1,'b':{'c':2}}", "{'b':{'d':3}}", "{'a':1,'b':{'c':2,'d':3}}")]
    [InlineData("{'a':1,'b':2}", "{'b':null}", "{'a':1}")]
    [InlineData("{'args':['x']}", "{'args':['y','z']}", "{'args':['y','z']}")]
    [InlineData("{'containers':[{'name':'p','image':'i','env':[{'name':'A','value':'1'}]}]}", "{'containers':[{'name':'p','env':[{'name':'B','value':'2'}]},{'name':'q'}]}", "{'containers':[{'name':'p','image':'i','env':[{'name':'A','value':'1'},{'name':'B','value':'2'}]},{'name':'q'}]}")]
    [InlineData("{'containers':[{'name':'p'},{'name':'q'}]}", "{'containers':[{'name':'p','$patch':'delete'}]}", "{'containers':[{'name':'q'}]}")]
    [InlineData("{'ports':[{'port':80,'name':'a'}]}", "{'ports':[{'port':80,'name':'b'},{'port':81}]}", "{'ports':[{'port':80,'name':'b'},{'port':81}]}")]
    [InlineData("{'a':{'b':1}}", "{'a':{'$patch':'replace','c':2}}", "{'a':{'c':2}}")]
    [InlineData("{'a':{'b':1}}", "{'a':{'$patch':'delete'}}", "{}")]
    [InlineData("{'limits':{'cpu':'2','memory':'1Gi'}}", "{'limits':{'cpu':null}}", "{'limits':{'memory':'1Gi'}}")]
    public void Merge_IsKubernetes(string target, string patch, string expected)
    {
        JsonObject before = Parse(target), change = Parse(patch);
        Assert.Equal(Parse(expected).ToJsonString(), StrategicMerge.Merge(before, change).ToJsonString());
        Assert.Equal(Parse(target).ToJsonString(), before.ToJsonString());
        Assert.Equal(Parse(patch).ToJsonString(), change.ToJsonString());
    }

    [Theory]
    [InlineData("{'$patch':1}", "$patch is 1 at $;")]
    [InlineData("{'a':{'$patch':null}}", "$patch is null at $.a;")]
    [InlineData("{'containers':[{'name':'p','$patch':{'b':1}}]}", "at $.containers[0];")]
    [InlineData("{'containers':[{'name':'q','$patch':[]}]}", "at $.containers[0];")]
    [InlineData("{'a':{'$patch':'remove'}}", "$patch is \"remove\" at $.a;")]
    public void DirectivesThatAreNone_AreNamed_AndThrowNothing(string patch, string problem)
    {
        Assert.Contains(problem, StrategicMerge.Problem(Parse(patch)), StringComparison.Ordinal);
        Assert.NotNull(StrategicMerge.Merge(Parse("{'a':{},'containers':[{'name':'p'}]}"), Parse(patch)));
    }

    [Fact]
    public void KnownDirectives_AreNoProblem() => Assert.Null(StrategicMerge.Problem(Parse("{'a':{'$patch':'delete'},'b':[{'$patch':'replace'},1,null],'$patch':'merge'}")));

    private static JsonObject Parse(string json) => (JsonObject)JsonNode.Parse(json.Replace('\'', '"'))!;
}
