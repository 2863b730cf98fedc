using System.Text.Json;
using Ambient.ControlPlane.Discovery.Conditions;
using Ambient.ControlPlane.Observation;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Mesh.Views;
using Ambient.Testing.Waiting;
using Ambient.Xds.Client;

namespace Ambient.ControlPlane.Tests.Observation;

/// <summary>What is said about objects that no status can hold.</summary>
public sealed class StatusBookTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly ResourceKey Key = new("shop", "cart");
    private readonly Logs _logs = new();

    public void Dispose() => _logs.Dispose();

    [Fact]
    public async Task EachLine_IsLoggedOncePerChange_AndAllOfThemAreThere()
    {
        var book = new StatusBook(isWritten: false, _logs.Logger);
        book.Note("discovery", [Bound("True", "WaypointAccepted")]);
        book.Note("discovery", [Bound("True", "WaypointAccepted")]);
        book.Note("routing", [new ObjectConditions(KnownResources.HttpRoutes, Key, [], [new ParentConditions(new ParentReference { Kind = "Service", Name = "till" }, [Said("Accepted", "False", "NoMatchingParent")])])]);
        book.Note("discovery", [Bound("False", "WaypointIsNotReady")]);
        book.NoteListeners(Key, [new ListenerConditions("web", [], 0, [Said("Conflicted", "True", "HostnameConflict")], false)]);
        await Eventually.TrueAsync(() => _logs.Count("the status of an object") == 4, Limit);
        Assert.Equal((1, 1), (_logs.Count("istio.io/WaypointBound=True (WaypointAccepted)"), _logs.Count("listener web: Conflicted=True (HostnameConflict)")));
        Assert.Equal(
            [
                "Gateway shop/cart listener web Conflicted=True HostnameConflict True",
                "HTTPRoute shop/cart parent Service till Accepted=False NoMatchingParent True",
                "Service shop/cart  istio.io/WaypointBound=False WaypointIsNotReady True",
            ],
            Lines(book));

        book.See(KnownResources.Gateways, Key, null);
        book.See(KnownResources.HttpRoutes, Key, null);
        book.Note("discovery", [new ObjectConditions(KnownResources.Services, Key, [])]);
        Assert.Empty(Lines(book));
    }

    [Fact]
    public void BesideAnApi_OnlyWhatHasNoStatusIsSaid()
    {
        var book = new StatusBook(isWritten: true, _logs.Logger);
        book.Note("discovery", [Bound("False", "WaypointIsNotReady"), new ObjectConditions(KnownResources.EndpointSlices, Key, [Said(ConditionTypes.EndpointsAccepted, "False", "ForbiddenAddress")])]);
        Assert.Equal(["EndpointSlice shop/cart  ambient.mesh/EndpointsAccepted=False ForbiddenAddress True"], Lines(book));
    }

    [Fact]
    public async Task FolderOfManifests_ShowsItInTheLog()
    {
        await using var plane = new RunningPlane();
        plane.Manifest("entry.yaml", "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: self, namespace: shop}\nspec: {hosts: [self.example], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], endpoints: [{address: 127.0.0.1}]}\n");
        await plane.StartAsync();
        var state = new MeshState("n1");
        AdsClient client = plane.Client(state);
        using var stop = new CancellationTokenSource();
        Task running = client.RunAsync(stop.Token);
        await client.Ready.WaitAsync(Limit);
        await Eventually.TrueAsync(
            () => plane.Lines.Any(static line => line.Contains("ServiceEntry/shop/self", StringComparison.Ordinal) && line.Contains("ambient.mesh/EndpointsAccepted=False (ForbiddenAddress)", StringComparison.Ordinal) && line.Contains("spec.endpoints[0].address", StringComparison.Ordinal)),
            Limit);
        Assert.Null(state.Current.FindWorkloadByUid("Kubernetes/networking.istio.io/ServiceEntry/shop/self/127.0.0.1"));
        await stop.CancelAsync();
        await running;
    }

    private static ObjectConditions Bound(string status, string reason) => new(KnownResources.Services, Key, [Said(ConditionTypes.WaypointBound, status, reason)]);

    private static Condition Said(string type, string status, string reason) => new() { Type = type, Status = status, Reason = reason, Message = "m" };

    private static string[] Lines(StatusBook book)
    {
        using JsonDocument page = JsonDocument.Parse(book.Page());
        return [.. page.RootElement.EnumerateArray().SelectMany(static each => each.GetProperty("conditions").EnumerateArray().Select(said =>
            $"{each.GetProperty("kind")} {each.GetProperty("namespace")}/{each.GetProperty("name")} {(said.TryGetProperty("about", out JsonElement about) ? about.GetString() : "")} {said.GetProperty("type")}={said.GetProperty("status")} {said.GetProperty("reason")} {said.GetProperty("isProblem")}"))];
    }
}
