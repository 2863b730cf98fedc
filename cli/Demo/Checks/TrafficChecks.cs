using System.Globalization;
using Ambient.Cli.Sandbox;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>Applications talk, unchanged.</summary>
internal static class TrafficChecks
{
    private const int ManyRequests = 16;
    private const int SessionSeconds = 6;

    private static RunningProcess? _session;

    public static async Task ReachesAllBackendsAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        StartSession(mesh, client);
        string[] targets =
        [
            SandboxLayout.Web.Host,
            SandboxLayout.Web.Address.ToString(),
            "[" + SandboxLayout.Web.AddressV6 + "]",
        ];
        foreach (string target in targets)
        {
            log.Did($"client: {ManyRequests}× curl http://{target}/");
            IReadOnlyList<string> answers = await Requests.GetManyAsync(client, $"http://{target}/", ManyRequests);
            log.Saw(answers.Count + " answers: " + Requests.Tally(answers));
            log.Require(answers.Count == ManyRequests, "every request must be answered");
            log.Require(answers.Any(a => a.StartsWith("web v1", StringComparison.Ordinal)) && answers.Any(a => a.StartsWith("web v2", StringComparison.Ordinal)), "both versions must get their share");
        }

        foreach (SandboxPod web in new[] { mesh.Pod(SandboxLayout.WebV1), mesh.Pod(SandboxLayout.WebV2) })
        {
            foreach (string address in new[] { web.Network.Address.ToString(), "[" + web.Network.AddressV6 + "]" })
            {
                log.Did($"client: curl http://{address}:8080/");
                CommandResult answer = await Requests.GetAsync(client, $"http://{address}:8080/");
                log.Saw(answer.Text);
                log.Require(answer.Output.StartsWith("web " + web.Plan.Name[4..], StringComparison.Ordinal), $"{web.Plan.Name} itself must answer");
            }
        }
    }

    public static async Task SourceAddressIsKeptAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        string v4 = client.Network.Address.ToString();
        string v6 = client.Network.AddressV6.ToString();
        log.Did($"client ({v4}, {v6}): curl to {SandboxLayout.Web.Host}, and to web-v2 over IPv6; nginx returns $remote_addr");
        IReadOnlyList<string> answers = await Requests.GetManyAsync(client, $"http://{SandboxLayout.Web.Host}/", 8);
        CommandResult six = await Requests.GetAsync(client, $"http://[{mesh.Pod(SandboxLayout.WebV2).Network.AddressV6}]:8080/");
        log.Saw(string.Join(" | ", answers.Append(six.Text).Select(a => a.Trim()).Distinct(StringComparer.Ordinal)));
        log.Require(answers.Count == 8 && answers.All(a => a.Contains($"saw {v4} ", StringComparison.Ordinal) || a.Contains($"saw {v6} ", StringComparison.Ordinal)), "nginx must see the client's address, on both nodes");
        log.Require(six.Output.Contains($"saw {v6} ", StringComparison.Ordinal), "nginx must see the client's IPv6 address");
    }

    public static async Task DatabasesWorkAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        SandboxPod client = mesh.Pod(SandboxLayout.Client);
        string redis = SandboxLayout.Cache.Host;
        log.Did($"client: redis-cli -h {redis} SET, GET, then 2 000 INCR in a pipeline");
        string set = (await client.RunAsync("redis-cli", "-h", redis, "SET", "greeting", "hello")).OrThrow().Output.Trim();
        string get = (await client.RunAsync("redis-cli", "-h", redis, "GET", "greeting")).OrThrow().Output.Trim();
        string script = string.Concat(Enumerable.Repeat("INCR counter\n", 2_000));
        CommandResult pipe = (await Command.RunInAsync(client.Network.NamespaceName, "redis-cli", ["-h", redis], script)).OrThrow();
        string last = pipe.Output.Trim().Split('\n')[^1];
        log.Saw($"{set}, {get}, counter {last}");
        log.Require(set == "OK" && get == "hello" && last == "2000", "Redis must answer OK, hello and 2000");

        log.Did($"client: psql -h {SandboxLayout.Database.Host}: a table of 5 000 rows, read back");
        CommandResult rows = (await PsqlAsync(client, "create table t as select i, md5(i::text) as h from generate_series(1, 5000) i", "select count(*), length(string_agg(h, '')) from t", "select inet_client_addr()")).OrThrow();
        string seen = rows.Output.Trim().Replace("\n", " | ", StringComparison.Ordinal);
        log.Saw(seen);
        log.Require(seen.Contains("5000|160000", StringComparison.Ordinal), "all rows must come back");
        log.Require(seen.Contains(client.Network.Address.ToString(), StringComparison.Ordinal) || seen.Contains(client.Network.AddressV6.ToString(), StringComparison.Ordinal), "PostgreSQL must see the client's address");
    }

    public static async Task LongSessionSurvivedAsync(SandboxMesh mesh, CheckLog log, CancellationToken cancellation)
    {
        log.Did($"client: one psql session, opened before the checks above, slept {SessionSeconds} s and then asked again");
        RunningProcess session = _session ?? throw new CheckFailedException("the session was never opened");
        await session.Exited.WaitAsync(cancellation);
        string[] lines = [.. session.LogLines().Where(l => l.Length > 0)];
        log.Saw(string.Join(" | ", lines));
        log.Require(session.ExitCode == 0, "psql must end well: " + session.LogTail());
        string[] processes = [.. lines.Where(l => l.StartsWith("backend ", StringComparison.Ordinal))];
        log.Require(processes.Length == 2 && processes[0] == processes[1], "the same server process must answer at both ends");
    }

    private static Task<CommandResult> PsqlAsync(SandboxPod from, params string[] statements) => from.RunAsync("psql", PsqlArguments(statements));

    private static string[] PsqlArguments(string[] statements) =>
        ["-h", SandboxLayout.Database.Host, "-U", "postgres", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", .. statements.SelectMany(s => new[] { "-c", s })];

    /// <summary>Opened early and looked at late: a session of a server-first protocol that outlasts policies coming and going.</summary>
    private static void StartSession(SandboxMesh mesh, SandboxPod client)
    {
        const string who = "select 'backend ' || pg_backend_pid()";
        string sleep = string.Create(CultureInfo.InvariantCulture, $"select pg_sleep({SessionSeconds})");
        _session = RunningProcess.Start(new ProcessPlan("psql session", "psql", PsqlArguments([who, sleep, who]))
        {
            NamespaceName = client.Network.NamespaceName,
            LogPath = Path.Combine(mesh.Directory, "session.log"),
        });
    }
}
