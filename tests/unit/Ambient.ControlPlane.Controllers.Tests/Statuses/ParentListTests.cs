using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Controllers.Tests.Statuses;

public sealed class ParentListTests
{
    private static readonly Condition Accepted = new() { Type = "Accepted", Status = "True", Reason = "Accepted", Message = "m" };
    private static readonly ParentReference Cart = new() { Group = "", Kind = "Service", Name = "cart" };

    [Fact]
    public void OthersKeepTheirEntriesAndPlaces_OursAreChangedInPlace_NewOnesComeLast()
    {
        const string There = """
            {"parents":[
              {"parentRef":{"name":"gw"},"controllerName":"example.com/other","conditions":[{"type":"Accepted","status":"False","extra":[1]}]},
              {"parentRef":{"group":"","kind":"Service","name":"cart","namespace":"apps"},"controllerName":"istio.io/gateway-controller","conditions":[
                {"type":"Accepted","status":"True","reason":"Accepted","message":"old","lastTransitionTime":"2020-01-01T00:00:00Z","observedGeneration":3},
                {"type":"PartiallyInvalid","status":"True","reason":"UnsupportedValue","message":"x","lastTransitionTime":"2020-01-01T00:00:00Z"},
                {"type":"example.com/Theirs","status":"True","reason":"R","message":"kept"}]},
              {"parentRef":{"group":"","kind":"Service","name":"gone"},"controllerName":"istio.io/gateway-controller","conditions":[]},
              {"parentRef":{"name":"gw"},"controllerName":"istio.io/gateway-controller","conditions":[{"type":"Accepted","status":"True","reason":"A","message":""}]}]}
            """;
        ParentConditions[] wanted = [new(Cart with { Name = "z" }, [Accepted]), new(Cart, [Accepted]), new(Cart with { Name = "b" }, [Accepted]), new(new ParentReference { Name = "gw" }, null)];

        JsonArray merged = Merge(There, wanted)!;

        Assert.Equal(["gw", "cart", "gw", "b", "z"], merged.Select(static entry => (string)entry!["parentRef"]!["name"]!));
        Assert.Equal("""[{"type":"Accepted","status":"False","extra":[1]}]""", merged[0]!["conditions"]!.ToJsonString());
        Assert.Equal(["Accepted", "example.com/Theirs"], merged[1]!["conditions"]!.AsArray().Select(static condition => (string)condition!["type"]!));
        Assert.Equal(("m", "2020-01-01T00:00:00Z", 4L), ((string)merged[1]!["conditions"]![0]!["message"]!, (string)merged[1]!["conditions"]![0]!["lastTransitionTime"]!, (long)merged[1]!["conditions"]![0]!["observedGeneration"]!));
        Assert.Equal("istio.io/gateway-controller", (string)merged[3]!["controllerName"]!);

        // What was written is not written again, whatever of it the API server made explicit.
        Assert.Null(Merge(new JsonObject { ["parents"] = merged.DeepClone() }.ToJsonString(), wanted));
    }

    [Fact]
    public void AListThatIsRight_AndOneThatIsNone_AreLeftAlone()
    {
        Assert.Null(Merge("{}", []));
        Assert.Null(Merge("""{"parents":"what"}""", []));
        Assert.Null(Merge("""{"parents":[{"parentRef":{"name":"gw"},"controllerName":"istio.io/gateway-controller"}]}""", [new(new ParentReference { Name = "gw" }, null)]));
        Assert.Empty(Merge("""{"parents":[{"parentRef":{"name":"gw"},"controllerName":"istio.io/gateway-controller"}]}""", [])!);
        Assert.Single(Merge("""{"parents":[7,{"controllerName":3},{"controllerName":"istio.io/gateway-controller"}]}""", [new(Cart, [Accepted])])!, static entry => entry is JsonObject o && o.ContainsKey("parentRef"));
    }

    /// <summary>Two controllers of ours, one list: each entry is one's own; others' stay where they are, and there are no more than the API takes.</summary>
    [Fact]
    [Trait("behaviour", "CP-264")]
    public void Ancestors_AreOfBothControllers_AndAtMostSixteen()
    {
        const string There = """
            {"ancestors":[
              {"ancestorRef":{"name":"gw"},"controllerName":"example.com/other","conditions":[{"type":"Accepted","status":"True","reason":"A","message":""}]},
              {"ancestorRef":{"group":"","kind":"Service","name":"cart","namespace":"apps"},"controllerName":"istio.io/gateway-controller","conditions":[]},
              {"ancestorRef":{"group":"","kind":"Service","name":"cart","namespace":"apps"},"controllerName":"istio.io/mesh-controller","conditions":[]}]}
            """;
        ParentConditions cart = new(Cart, [Accepted]) { Controller = "istio.io/mesh-controller" };
        JsonArray merged = Merge(There, [new(new ParentReference { Name = "gw" }, [Accepted]), cart], ParentListForm.Policies)!;
        Assert.Equal(
            ["example.com/other gw", "istio.io/mesh-controller cart", "istio.io/gateway-controller gw"],
            merged.Select(static entry => $"{entry!["controllerName"]} {entry["ancestorRef"]!["name"]}"));
        Assert.Equal("Accepted", (string)merged[1]!["conditions"]![0]!["reason"]!);
        Assert.Null(Merge(new JsonObject { ["ancestors"] = merged.DeepClone() }.ToJsonString(), [new(new ParentReference { Name = "gw" }, [Accepted]), cart], ParentListForm.Policies));

        ParentConditions[] many = [.. Enumerable.Range(0, 20).Select(static i => new ParentConditions(Cart with { Name = $"s{i:D2}" }, [Accepted]))];
        merged = Merge(There, many, ParentListForm.Policies)!;
        Assert.Equal(16, merged.Count);
        Assert.Null(Merge(new JsonObject { ["ancestors"] = merged.DeepClone() }.ToJsonString(), many, ParentListForm.Policies));
    }

    private static JsonArray? Merge(string status, IReadOnlyList<ParentConditions> wanted, ParentListForm? form = null)
    {
        using JsonDocument json = JsonDocument.Parse(status);
        return ParentList.Merge(form ?? ParentListForm.Routes, json.RootElement, "apps", wanted, 4, Make.Now);
    }
}
