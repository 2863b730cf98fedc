using System.Text;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Connections;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Authentication;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Testing.Clocks;
using Ambient.Testing.Waiting;

namespace Ambient.Kubernetes.Tests.Api;

public sealed class KubernetesClientTests
{
    private static readonly ResourceKey Key = new("ns", "a");

    [Fact]
    public async Task Requests_AreAsTheApiWantsThem()
    {
        await using var server = new ScriptedApiServer(c => ApiReply.Ok(Objects.Pod("a", 1)));
        using KubernetesClient client = server.Client(credential: new FixedCredential(new Credential("t0ken", null)));
        await client.GetAsync(KnownResources.Pods, Key, CancellationToken.None);
        await client.PatchAsync(KnownResources.Pods, Key, Patch.Merge("{}"u8.ToArray()), CancellationToken.None, "status");
        await client.PatchAsync(KnownResources.Deployments, Key, Patch.Apply("{}"u8.ToArray(), "ambient/x"), CancellationToken.None);
        await client.CreateAsync(KnownResources.ConfigMaps, new ConfigMap { Metadata = new ObjectMeta { Name = "c", Namespace = "n s" }, Data = StringMap.Of(("k", "v")) }, CancellationToken.None);
        await client.CreateAsync(KnownResources.TokenReviews, new TokenReview { Spec = new TokenReviewSpec { Token = "x", Audiences = ["istio-ca"] } }, CancellationToken.None);
        await client.DeleteAsync(KnownResources.Secrets, Key, CancellationToken.None, new DeleteOptions { Uid = "u" });
        ApiCall[] calls = [.. server.Calls];
        Assert.Equal(
            [
                "GET /api/v1/namespaces/ns/pods/a",
                "PATCH /api/v1/namespaces/ns/pods/a/status",
                "PATCH /apis/apps/v1/namespaces/ns/deployments/a",
                "POST /api/v1/namespaces/n%20s/configmaps",
                "POST /apis/authentication.k8s.io/v1/tokenreviews",
                "DELETE /api/v1/namespaces/ns/secrets/a",
            ],
            calls.Select(c => c.Method + " " + c.Path));
        Assert.All(calls, c => Assert.Equal("Bearer t0ken", c.Headers["Authorization"]));
        Assert.Equal(["application/merge-patch+json", "application/apply-patch+yaml"], calls[1..3].Select(c => c.Headers["Content-Type"]));
        Assert.Equal(("ambient/x", "true"), (calls[2].Query["fieldManager"], calls[2].Query["force"]));
        Assert.Equal("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"n s","generation":0},"data":{"k":"v"}}""", calls[3].Body);
        Assert.Contains("\"uid\":\"u\"", calls[5].Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "a")]
    [InlineData("ns", "")]
    [InlineData("ns", "..")]
    public async Task KeyThatNamesNoObject_IsNeverSent(string space, string name)
    {
        await using var server = new ScriptedApiServer(_ => ApiReply.Ok("{}"));
        using KubernetesClient client = server.Client();
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.DeleteAsync(KnownResources.Secrets, new ResourceKey(space, name), CancellationToken.None));
        Assert.Empty(server.Calls);
    }

    [Fact]
    public async Task Reads_AreRepeated_WritesOn429Alone()
    {
        int calls = 0;
        await using var server = new ScriptedApiServer(c => ++calls % 3 == 0 ? ApiReply.Ok(Objects.Pod("a", 1)) : ApiReply.Failure(c.Body.Contains("busy", StringComparison.Ordinal) ? 429 : 503, "Busy"));
        using KubernetesClient client = server.Client();
        Assert.NotNull((await client.GetAsync(KnownResources.Pods, Key, CancellationToken.None)).Value);
        Assert.Equal(3, calls);
        Assert.NotNull((await client.PatchAsync(KnownResources.Pods, Key, Patch.Merge("{\"busy\":1}"u8.ToArray()), CancellationToken.None)).Value);
        Assert.Equal(6, calls);
        ApiError error = (await client.PatchAsync(KnownResources.Pods, Key, Patch.Merge("{}"u8.ToArray()), CancellationToken.None)).Error!;
        Assert.Equal((7, 503, "Busy", "scripted Busy"), (calls, error.Code, error.Reason, error.Message));
    }

    [Fact]
    public async Task RetryAfter_IsWaitedFor()
    {
        int calls = 0;
        await using var server = new ScriptedApiServer(_ => ++calls == 1 ? ApiReply.Failure(429, "TooManyRequests", "Retry-After: 7\r\n") : ApiReply.Ok(Objects.Pod("a", 1)));
        var time = new ManualTime();
        using KubernetesClient client = server.Client(new ClientOptions(), time: time);
        Task<ApiResult<Pod>> reading = client.GetAsync(KnownResources.Pods, Key, CancellationToken.None);
        await Eventually.TrueAsync(() => time.UntilNextTimer() is { } due && due < TimeSpan.FromSeconds(29));
        Assert.InRange(time.UntilNextTimer()!.Value, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(7.1));
        Assert.Equal(1, calls);
        time.Advance(TimeSpan.FromSeconds(7.1));
        Assert.NotNull((await reading).Value);
    }

    [Fact]
    public async Task TokenThatIsRefused_IsReadAgain_Once()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "old\n");
        await using var server = new ScriptedApiServer(c => c.Headers["Authorization"] == "Bearer new" ? ApiReply.Ok(Objects.Pod("a", 1)) : ApiReply.Failure(401, "Unauthorized"));
        using KubernetesClient client = server.Client(credential: new TokenFileCredential(file, new ManualTime()));
        Assert.Equal(401, (await client.GetAsync(KnownResources.Pods, Key, CancellationToken.None)).Error!.Code);
        Assert.Equal(2, server.Calls.Count);
        await File.WriteAllTextAsync(file, "new");
        Assert.NotNull((await client.GetAsync(KnownResources.Pods, Key, CancellationToken.None)).Value);
        Assert.Equal(["Bearer old", "Bearer old", "Bearer old", "Bearer new"], server.Calls.Select(c => c.Headers["Authorization"]));
        File.Delete(file);
    }

    [Fact]
    public async Task ServerThatSaysNothing_IsAnError_InTime_AndCancellationIsNone()
    {
        await using var server = new ScriptedApiServer(_ => ApiReply.Silence());
        using KubernetesClient client = server.Client(new ClientOptions { RequestPatience = TimeSpan.FromMilliseconds(50), Tries = 2, FirstDelay = TimeSpan.FromMilliseconds(1) });
        ApiError error = (await client.GetAsync(KnownResources.Pods, Key, CancellationToken.None)).Error!;
        Assert.Equal((0, "NoAnswer", true), (error.Code, error.Reason, error.IsTransient));
        using var cancelled = new CancellationTokenSource();
        Task<ApiResult<Pod>> reading = client.GetAsync(KnownResources.Pods, Key, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    /// <summary>A balancer's page that is in another coding than it says.</summary>
    [Theory]
    [InlineData(502)]
    [InlineData(200)]
    public async Task AnswerThatCannotBeDecoded_IsAnError(int status)
    {
        await using var server = new ScriptedApiServer(_ => ApiReply.Of(status, "<html>bad gateway</html>", "Content-Encoding: gzip\r\n"));
        using KubernetesClient client = server.Client();
        ApiError error = (await client.GetAsync(KnownResources.Pods, Key, CancellationToken.None)).Error!;
        Assert.Equal((0, "NoAnswer", true), (error.Code, error.Reason, error.IsTransient));
        Assert.Equal(3, server.Calls.Count);
    }

    [Fact]
    public async Task RequestInFlight_WhenTheClientEnds_IsAnError()
    {
        await using var server = new ScriptedApiServer(_ => ApiReply.Silence());
        KubernetesClient client = server.Client();
        Task<ApiResult<Pod>> reading = client.GetAsync(KnownResources.Pods, Key, CancellationToken.None);
        await Eventually.TrueAsync(() => !server.Calls.IsEmpty);
        client.Dispose();
        ApiError error = (await reading).Error!;
        Assert.Equal((0, "NoAnswer"), (error.Code, error.Reason));
    }

    [Fact]
    public async Task SecretsAndTokens_AreInNoTextForm()
    {
        await using var server = new ScriptedApiServer(_ => ApiReply.Ok("""{"metadata":{"name":"s","namespace":"n"},"data":{"key":"aHVudGVyMg=="}}"""));
        using KubernetesClient client = server.Client();
        Secret secret = (await client.GetAsync(KnownResources.Secrets, Key, CancellationToken.None)).Value!;
        Assert.Equal("hunter2", Encoding.UTF8.GetString(secret.Data["key"]));
        Assert.DoesNotContain("hunter2", secret.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("aHVudGVyMg", secret.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("t0ken", new TokenReview { Spec = new TokenReviewSpec { Token = "t0ken" } }.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("t0ken", new Credential("t0ken", null).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void RetryDelay_Doubles_WithJitter_AndNeverWaitsLessThanAsked()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        var delay = new RetryDelay(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1), random.NextDouble);
        foreach (int most in (int[])[100, 200, 400, 800, 1000, 1000])
        {
            Assert.InRange(delay.Next().TotalMilliseconds, most / 2.0, most);
        }

        Assert.True(delay.Next(TimeSpan.FromSeconds(9)) >= TimeSpan.FromSeconds(9), $"seed {seed}");
        delay.Reset();
        Assert.InRange(delay.Next().TotalMilliseconds, 50, 100);
    }
}
