using Ambient.Cni.Agent.Sources;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Tests.Servers;

namespace Ambient.Cni.Agent.Tests.Sources;

/// <summary>Whether an agent that is told to end comes back (cni-and-redirection.md 3.6).</summary>
public sealed class DaemonSetKeeperTests : IDisposable
{
    private const string There = """{"metadata":{"name":"istio-cni-node","namespace":"istio-system"}}""";
    private const string Going = """{"metadata":{"name":"istio-cni-node","namespace":"istio-system","deletionTimestamp":"2026-01-01T00:00:00Z"}}""";
    private readonly Logs _logs = new();

    public void Dispose() => _logs.Dispose();

    [Theory]
    [InlineData(200, There, false)]
    [InlineData(200, Going, true)]
    [InlineData(404, "NotFound", true)]
    [InlineData(401, "Unauthorized", true)]
    public async Task Answer_Decides_AtOnce(int code, string body, bool isGone)
    {
        // An account that is refused is read anew once, for its token may just have been replaced.
        Assert.Equal((isGone, code == 401 ? 2 : 1), await AskAsync([code == 200 ? ApiReply.Ok(body) : ApiReply.Failure(code, body)]));
    }

    [Fact]
    public async Task RightThatIsGone_SaysNothing_UntilTheAccountIsGoneToo()
    {
        ApiReply forbidden = ApiReply.Failure(403, "Forbidden");
        Assert.Equal((true, 4), await AskAsync([forbidden, forbidden, ApiReply.Failure(401, "Unauthorized")]));
    }

    [Fact]
    public async Task ServerThatRecovers_IsBelieved()
    {
        Assert.Equal((false, 2), await AskAsync([ApiReply.Failure(503, "ServiceUnavailable"), ApiReply.Ok(There)]));
    }

    [Fact]
    public async Task Doubt_LeavesEverythingAsItIs()
    {
        Assert.False((await AskAsync([ApiReply.Failure(500, "InternalError")])).IsGone);
    }

    [Theory]
    [InlineData("""{"nodeSelector":{"mesh":"yes"}}""", """{"mesh":"yes"}""", false)]
    [InlineData("""{"nodeSelector":{"mesh":"yes"}}""", """{"mesh":"no"}""", true)]
    [InlineData("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"edge","operator":"DoesNotExist"}]}]}}}}""", """{"edge":""}""", true)]
    [InlineData("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"edge","operator":"DoesNotExist"}]}]}}}}""", "{}", false)]
    [InlineData("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"edge","operator":"Newer"}]}]}}}}""", "{}", false)]
    public async Task DaemonSetThatDoesNotChooseThisNodeAnyMore_IsGone(string pods, string labels, bool isGone)
    {
        string daemonSet = """{"metadata":{"name":"istio-cni-node","namespace":"istio-system"},"spec":{"template":{"spec":""" + pods + "}}}";
        await using var server = new ScriptedApiServer(c => ApiReply.Ok(c.Path == "/api/v1/nodes/n1" ? """{"metadata":{"name":"n1","labels":""" + labels + "}}" : daemonSet));
        using KubernetesClient client = server.Client();
        Assert.Equal(isGone, await Keeper(client).IsGoneAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(500)]
    public async Task NodeThatCannotBeRead_LeavesEverythingAsItIs(int code)
    {
        const string Chosen = """{"metadata":{"name":"istio-cni-node","namespace":"istio-system"},"spec":{"template":{"spec":{"nodeSelector":{"mesh":"yes"}}}}}""";
        await using var server = new ScriptedApiServer(c => c.Path == "/api/v1/nodes/n1" ? ApiReply.Failure(code, "Scripted") : ApiReply.Ok(Chosen));
        using KubernetesClient client = server.Client();
        Assert.False(await Keeper(client).IsGoneAsync(CancellationToken.None));
    }

    private DaemonSetKeeper Keeper(KubernetesClient client) => new(client, "istio-system", "n1", TimeProvider.System, _logs.Logger);

    /// <summary>Asks a server that gives these answers, the last one for ever.</summary>
    private async Task<(bool IsGone, int Calls)> AskAsync(ApiReply[] replies)
    {
        int calls = 0;
        await using var server = new ScriptedApiServer(c =>
        {
            Assert.Equal("/apis/apps/v1/namespaces/istio-system/daemonsets/istio-cni-node", c.Path);
            return replies[Math.Min(Interlocked.Increment(ref calls), replies.Length) - 1];
        });
        using KubernetesClient client = server.Client();
        return (await Keeper(client).IsGoneAsync(CancellationToken.None), calls);
    }
}
