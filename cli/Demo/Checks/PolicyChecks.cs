using System.Net.Sockets;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Model;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>L4 policies, live.</summary>
internal static class PolicyChecks
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    public static async Task ByServiceAccountAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        SandboxPod batch = mesh.Pod(SandboxLayout.Batch);
        string url = $"http://{SandboxLayout.Web.Host}/";
        log.Require((await Requests.GetAsync(batch, url)).Succeeded, "without a policy, batch must reach web");
        PolicyManifest policy = PolicyManifest.AllowServiceAccount("only-client", "shop", client.Plan);
        try
        {
            log.Did($"manifests/{policy.File}: AuthorizationPolicy, ALLOW {client.Plan.Identity}; then curl {url} from client and from batch");
            mesh.Manifests.Apply(policy.File, policy.Text);
            TimeSpan? took = await Requests.UntilAsync(async () => !(await Requests.GetAsync(batch, url)).Succeeded, Deadline, cancellation);
            log.Require(took is not null, "batch must be refused within " + Deadline.TotalSeconds + " s");
            IReadOnlyList<string> allowed = await Requests.GetManyAsync(client, url, 8);
            IReadOnlyList<string> denied = await Requests.GetManyAsync(batch, url, 8);
            CommandResult refusal = await Requests.GetAsync(batch, url);
            log.Saw($"in force after {took.Value.TotalMilliseconds:0} ms; client: {allowed.Count} of 8 answered ({Requests.Tally(allowed)}); batch: {denied.Count} of 8 ({refusal.Text})");
            log.Require(allowed.Count == 8, "client must be admitted by both web pods");
            log.Require(denied.Count == 0, "batch must be refused by both web pods");
        }
        finally
        {
            mesh.Manifests.Delete(policy.File);
        }

        TimeSpan? back = await Requests.UntilAsync(async () => (await Requests.GetManyAsync(batch, url, 4)).Count == 4, Deadline, cancellation);
        log.Saw(back is null ? "file removed, batch still refused" : $"file removed: batch is admitted again after {back.Value.TotalMilliseconds:0} ms");
        log.Require(back is not null, "without the policy batch must be admitted again");
    }

    public static async Task ByNamespaceCutsOpenConnectionAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        using Socket batch = await RedisSession.OpenAsync(mesh.Pod(SandboxLayout.Batch), SandboxLayout.Cache.Address, cancellation);
        using Socket client = await RedisSession.OpenAsync(mesh.Pod(SandboxLayout.Client), SandboxLayout.Cache.Address, cancellation);
        PolicyManifest policy = PolicyManifest.DenyNamespace("no-jobs", "data", SandboxLayout.Batch.Namespace);
        try
        {
            log.Did($"batch (namespace jobs) and client (namespace shop) each hold a connection to redis; manifests/{policy.File}: DENY namespace jobs");
            mesh.Manifests.Apply(policy.File, policy.Text);
            long started = TimeProvider.System.GetTimestamp();
            string end = await EndOfAsync(batch, cancellation);
            TimeSpan took = TimeProvider.System.GetElapsedTime(started);
            CommandResult again = await mesh.Pod(SandboxLayout.Batch).RunAsync("redis-cli", "-h", SandboxLayout.Cache.Host, "PING");
            string alive = await RedisSession.PingAsync(client, cancellation);
            log.Saw($"batch's open connection: {end} after {took.TotalMilliseconds:0} ms; batch again: {again.Text}; client's open connection: {alive}");
            log.Require(end.Length > 0 && !end.StartsWith("still", StringComparison.Ordinal), "batch's open connection must be cut");
            log.Require(!again.Output.Contains("PONG", StringComparison.Ordinal), "batch must not get a new connection");
            log.Require(alive == "+PONG", "client's connection must not be touched");
        }
        finally
        {
            mesh.Manifests.Delete(policy.File);
        }
    }

    public static async Task StrictAndPermissiveAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod outsider = mesh.Pod(SandboxLayout.Outsider);
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        SandboxPod web = mesh.Pod(SandboxLayout.WebV2);
        string url = $"http://{web.Network.Address}:8080/";
        log.Did($"outsider (not captured): curl {url} with no policy (PERMISSIVE)");
        CommandResult open = await Requests.GetAsync(outsider, url);
        log.Saw(open.Text);
        log.Require(open.Output.Contains($"saw {outsider.Network.Address} ", StringComparison.Ordinal), "PERMISSIVE must admit it, and nginx must see its address");
        PolicyManifest policy = PolicyManifest.Strict("strict", "shop");
        try
        {
            log.Did($"manifests/{policy.File}: PeerAuthentication STRICT; the same again, and client through the mesh");
            mesh.Manifests.Apply(policy.File, policy.Text);
            TimeSpan? took = await Requests.UntilAsync(async () => !(await Requests.GetAsync(outsider, url)).Succeeded, Deadline, cancellation);
            CommandResult refused = await Requests.GetAsync(outsider, url);
            CommandResult meshed = await Requests.GetAsync(client, url);
            log.Saw($"outsider: {refused.Text}; client: {meshed.Text}");
            log.Require(took is not null && !refused.Succeeded, "STRICT must refuse the pod outside the mesh");
            log.Require(meshed.Succeeded, "STRICT must admit the pod inside the mesh");
        }
        finally
        {
            mesh.Manifests.Delete(policy.File);
        }

        TimeSpan? back = await Requests.UntilAsync(async () => (await Requests.GetAsync(outsider, url)).Succeeded, Deadline, cancellation);
        log.Require(back is not null, "PERMISSIVE must admit it again");
    }

    private static async Task<string> EndOfAsync(Socket socket, CancellationToken cancellation)
    {
        try
        {
            int length = await socket.ReceiveAsync(new byte[1], cancellation).AsTask().WaitAsync(Deadline, cancellation);
            return length == 0 ? "closed" : "still open and talking";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionReset ? "reset" : e.SocketErrorCode.ToString();
        }
        catch (TimeoutException)
        {
            return "still open";
        }
    }
}
