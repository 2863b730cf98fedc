using Ambient.Cli.Meshes;
using Ambient.Cli.Output;

namespace Ambient.Cli.Tests.Meshes;

/// <summary>What a control plane that works from files says about objects.</summary>
public sealed class ObjectStatusesTests
{
    private const string Page = """
        [{"kind":"HTTPRoute","namespace":"shop","name":"r","conditions":[{"about":"parent Service cart","type":"Accepted","status":"False","reason":"NoMatchingParent","message":"no such port","isProblem":true}]},
         {"kind":"Service","namespace":"shop","name":"cart","conditions":[{"type":"istio.io/WaypointBound","status":"True","reason":"WaypointAccepted","message":"Successfully attached","isProblem":false}]}]
        """;

    [Fact]
    public void Statuses_AreShownLineByLine_AndAProblemIsAFinding()
    {
        Answer answer = ObjectStatuses.Of(System.Text.Encoding.UTF8.GetBytes(Page), out bool isGood, out string? error)!;
        Assert.Equal((false, null), (isGood, error));
        Assert.Equal(
            [
                "HTTPRoute|shop/r|Accepted (parent Service cart)|False|NoMatchingParent|no such port",
                "Service|shop/cart|istio.io/WaypointBound|True|WaypointAccepted|Successfully attached",
            ],
            answer.Table.Rows.Select(static row => string.Join('|', row)));
        ObjectStatuses.Of("[]"u8.ToArray(), out isGood, out _);
        Assert.True(isGood);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("[{}]")]
    [InlineData("""[{"conditions":5}]""")]
    public void AnythingElse_IsAnErrorThatSaysSo(string page)
    {
        Assert.Null(ObjectStatuses.Of(System.Text.Encoding.UTF8.GetBytes(page), out _, out string? error));
        Assert.StartsWith("what the control plane answers is no list of statuses", error, StringComparison.Ordinal);
    }
}
