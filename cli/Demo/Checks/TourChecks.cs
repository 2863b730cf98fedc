using System.Globalization;
using Ambient.Cli.Sandbox;
using Ambient.Cli.Sandbox.Observation;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Demo.Checks;

/// <summary>What a waypoint does for the bookshop: each from a manifest of samples/bookshop/tour, and taken back afterwards.</summary>
internal static class TourChecks
{
    private const int Many = 60;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly string[] Codes = ["200", "403", "418", "503", "504"];

    public static async Task WaypointTakesOverAsync(ITourPlace place, CheckLog log, CancellationToken cancellation)
    {
        ITourPod client = place.Client;
        log.Did("apply tour/waypoint.yaml: a Gateway of class istio-waypoint, and the namespace's label istio.io/use-waypoint");
        await ShopChecks.ApplyAsync(place, log, "tour/waypoint.yaml", cancellation);
        (string? waypoint, IReadOnlyList<string>? addresses) = await WaypointAsync(place);
        log.Require(waypoint is not null, "a waypoint must be started for the Gateway");
        ShopAnswer answer = new(0, default, "");
        TimeSpan? took = await Requests.UntilAsync(
            async () => (answer = await ShopAnswer.AskAsync(client, ShopChecks.Url("details"))).Status == 200 && addresses.Contains(answer.CallerAddress), Deadline, cancellation);
        ShopAnswer page = await ShopAnswer.AskAsync(client, ShopChecks.Url("productpage"));
        log.Saw($"{After(took)} details is asked by the waypoint ({answer.CallerAddress}), which adds x-request-id {answer.Text("request", "headers", "x-request-id")}; the page: {page.Status} in {ShopChecks.Milliseconds(page)} ms");
        log.Require(took is not null, $"requests must come through the waypoint; the last: {answer.Status} {answer.Body}; its log: {await place.LogAsync(waypoint)}");
        log.Require(page.Status == 200 && page.Text("calls", "0", "status") == "200" && page.Text("calls", "1", "status") == "200", "the whole page must work: " + page.Body);
    }

    public static Task CanaryByHeaderAsync(ITourPlace place, CheckLog log, CancellationToken cancellation) => WithAsync(place, log, "canary-by-header", async () =>
    {
        ITourPod client = place.Client;
        (IReadOnlyList<ShopAnswer> others, TimeSpan? took) = await UntilAsync(client, ShopChecks.Url("reviews"), 8, all => all.All(a => a.Version == "v1"), cancellation);
        IReadOnlyList<ShopAnswer> jason = await ShopAnswer.AskAsync(client, ShopChecks.Url("reviews"), 8, "-H", "end-user: jason");

        // The page keeps its connections for a second; those opened before there was a waypoint go past it.
        ShopAnswer page = new(0, default, "");
        await Requests.UntilAsync(async () => (page = await ShopAnswer.AskAsync(client, ShopChecks.Url("productpage"), "-H", "end-user: jason")).Text("calls", "1", "answer", "version") == "v2", Deadline, cancellation);
        log.Saw($"{After(took)}: everybody {ShopAnswer.Tally(others)}; end-user jason {ShopAnswer.Tally(jason)}; on his page the reviews are {page.Text("calls", "1", "answer", "version")}");
        log.Require(took is not null && jason.All(a => a.Version == "v2") && page.Text("calls", "1", "answer", "version") == "v2", "jason must see v2, everybody else v1");
    });

    public static Task CanaryByWeightAsync(ITourPlace place, CheckLog log, CancellationToken cancellation) => WithAsync(place, log, "canary-by-weight", async () =>
    {
        ITourPod client = place.Client;

        // Neither the canary before it, where all see v1, nor no rule at all gives that, but once in ten thousand times.
        (_, TimeSpan? took) = await UntilAsync(client, ShopChecks.Url("reviews"), 24, all => all.All(a => a.Version is "v1" or "v3") && all.Any(a => a.Version == "v3"), cancellation);
        IReadOnlyList<ShopAnswer> answers = await ShopAnswer.AskAsync(client, ShopChecks.Url("reviews"), Many);
        int fresh = answers.Count(a => a.Version == "v3"), old = answers.Count(a => a.Version == "v1");
        log.Saw(string.Create(CultureInfo.InvariantCulture, $"{After(took)}: {ShopAnswer.Tally(answers)} of {Many}; v3 has {100.0 * fresh / Many:0} %, asked for were 20 %"));

        // Five standard deviations: luck alone fails one run in a million.
        log.Require(old + fresh == Many && fresh is > 0 and < 28, "v1 and v3 must share the requests by their weights");
    });

    public static Task FaultsAsync(ITourPlace place, CheckLog log, CancellationToken cancellation) => WithAsync(place, log, "fault", async () =>
    {
        ITourPod client = place.Client;
        (IReadOnlyList<ShopAnswer> broken, TimeSpan? took) = await UntilAsync(client, ShopChecks.Url("ratings"), 2, all => all.All(a => a.Status == 418), cancellation, "-H", "end-user: broken");
        ShopAnswer delayed = await ShopAnswer.AskAsync(client, ShopChecks.Url("ratings"), "-H", "end-user: delayed"), usual = await ShopAnswer.AskAsync(client, ShopChecks.Url("ratings"));
        log.Saw($"{After(took)}: end-user broken {ShopAnswer.Tally(broken)}; delayed: {delayed.Status} in {ShopChecks.Milliseconds(delayed)} ms; anybody else: {usual.Status} in {ShopChecks.Milliseconds(usual)} ms");
        log.Require(took is not null && delayed.Status == 200 && delayed.Took >= TimeSpan.FromMilliseconds(690) && usual.Status == 200, "the fault must hit whom it is meant for, and nobody else");
    });

    public static Task RetriesAsync(ITourPlace place, CheckLog log, CancellationToken cancellation) => WithAsync(place, log, "retry", async () =>
    {
        ITourPod client = place.Client;
        int key = 0;
        ShopAnswer answer = new(0, default, "");
        TimeSpan? took = await Requests.UntilAsync(async () => (answer = await ShopAnswer.AskAsync(client, ShopChecks.Url("details", $"details?fail=2&key=retry-{key++}"))).Status == 200, Deadline, cancellation);
        ShopAnswer hopeless = await ShopAnswer.AskAsync(client, ShopChecks.Url("details", "details?fail=9&key=hopeless"));
        log.Saw($"{After(took)}: a request that fails twice is answered {answer.Status} at attempt {answer.Text("attempt")}; one that fails nine times: {hopeless.Status} at attempt {hopeless.Text("attempt")}");
        log.Require(took is not null && answer.Text("attempt") == "3" && hopeless.Status == 503 && hopeless.Text("attempt") == "4", "three retries, and no more");
    });

    public static Task TimeoutAsync(ITourPlace place, CheckLog log, CancellationToken cancellation) => WithAsync(place, log, "timeout", async () =>
    {
        ITourPod client = place.Client;
        (IReadOnlyList<ShopAnswer> slow, TimeSpan? took) = await UntilAsync(client, ShopChecks.Url("details", "details?delay=900"), 1, all => all.All(a => a.Status == 504), cancellation);
        ShopAnswer quick = await ShopAnswer.AskAsync(client, ShopChecks.Url("details"));
        log.Saw($"{After(took)}: details that takes 900 ms: {slow[0].Status} after {ShopChecks.Milliseconds(slow[0])} ms; details as usual: {quick.Status} in {ShopChecks.Milliseconds(quick)} ms");
        log.Require(took is not null && slow[0].Took < TimeSpan.FromMilliseconds(880) && quick.Status == 200, "the waypoint must answer 504 after half a second");
    });

    public static Task PolicyAsync(ITourPlace place, CheckLog log, CancellationToken cancellation) => WithAsync(place, log, "policy", async () =>
    {
        ITourPod client = place.Client, batch = place.Batch;
        string url = ShopChecks.Url("details");
        (IReadOnlyList<ShopAnswer> denied, TimeSpan? took) = await UntilAsync(batch, url, 1, all => all.All(a => a.Status == 403), cancellation);
        ShopAnswer get = await ShopAnswer.AskAsync(client, url), post = await ShopAnswer.AskAsync(client, url, "-d", "x=1"), path = await ShopAnswer.AskAsync(client, ShopChecks.Url("details", "admin"));
        ShopAnswer page = await ShopAnswer.AskAsync(client, ShopChecks.Url("productpage"));
        log.Saw($"{After(took)}: client GET /details {get.Status}, POST {post.Status}, GET /admin {path.Status}; batch GET {denied[0].Status}; details on the product page {page.Text("calls", "0", "status")}");
        log.Require(took is not null && get.Status == 200 && post.Status == 403 && path.Status == 403 && page.Text("calls", "0", "status") == "200", "only GET below /details, and only for those two identities");
    });

    public static Task TokensAsync(ITourPlace place, CheckLog log, CancellationToken cancellation) => WithAsync(place, log, "jwt", async () =>
    {
        ITourPod client = place.Client;
        string url = ShopChecks.Url("ratings"), reader = SampleFiles.Read("tour/token-reader.jwt").Trim(), expired = SampleFiles.Read("tour/token-expired.jwt").Trim();
        (IReadOnlyList<ShopAnswer> without, TimeSpan? took) = await UntilAsync(client, url, 1, all => all.All(a => a.Status == 403), cancellation);

        // The policy may be in force a moment before the keys are: closed, and not yet open for readers.
        ShopAnswer good = without[0];
        TimeSpan? known = await Requests.UntilAsync(async () => (good = await ShopAnswer.AskAsync(client, url, "-H", "Authorization: Bearer " + reader)).Status == 200, Deadline, cancellation);
        ShopAnswer old = await ShopAnswer.AskAsync(client, url, "-H", "Authorization: Bearer " + expired);
        ShopAnswer forged = await ShopAnswer.AskAsync(client, url, "-H", "Authorization: Bearer " + reader[..^8] + "AAAAAAAA");
        log.Saw($"{After(took)}: without a token {without[0].Status}, a reader's {good.Status}, an expired one {old.Status}, a forged one {forged.Status}");
        log.Require(took is not null && known is not null && old.Status == 401 && forged.Status == 401, "only a valid token of a reader");
    });

    public static Task MirrorAsync(ITourPlace place, CheckLog log, CancellationToken cancellation) => WithAsync(place, log, "mirror", async () =>
    {
        ITourPod client = place.Client;
        ShopAnswer answer = new(0, default, "");
        int before = 0, after = 0;
        TimeSpan? took = await Requests.UntilAsync(
            async () =>
            {
                before = await CountAsync();
                answer = await ShopAnswer.AskAsync(client, ShopChecks.Url("details"));
                return (after = await CountAsync()) - before == 2;
            },
            Deadline,
            cancellation);
        log.Saw($"{After(took)}: details answers {answer.Status} {answer.Text("service")}; ratings had seen {before} requests before and {after - 1} after");
        log.Require(took is not null && answer.Text("service") == "details", "each request must be sent to ratings as well, and answered by details");

        async Task<int> CountAsync() => int.TryParse((await ShopAnswer.AskAsync(client, ShopChecks.Url("ratings"))).Text("answered"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 0;
    });

    public static async Task DatabaseSplitAsync(ITourPlace place, CheckLog log, CancellationToken cancellation)
    {
        log.Did("manifests/database.yaml: PostgreSQL as primary and as replica");
        await ShopChecks.ApplyAsync(place, log, "manifests/database.yaml", cancellation);
        await WithAsync(place, log, "database-split", async () =>
        {
            ITourPod client = place.Client;
            const string host = "database.bookshop.svc.cluster.local";
            string[] words = ["-X", "-q", "-A", "-t", "-c", "show cluster_name", $"host={host} user=postgres connect_timeout=5"];
            string[] names = [];
            const int connections = 20;
            TimeSpan? took = await Requests.UntilAsync(async () => (names = await ManyAsync(connections)).Length == connections && names.Distinct().Count() == 2, Deadline, cancellation);
            int primary = names.Count(n => n == "primary");
            CommandResult write = await client.RunAsync("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", "create table if not exists t (i int)", $"host={host} user=postgres"]);
            log.Saw(string.Create(CultureInfo.InvariantCulture, $"{After(took)}: of {connections} connections {primary} reached the primary and {names.Length - primary} the replica, asked for were 75 to 25 %; a table: {(write.Succeeded ? "made on the primary" : write.Text)}"));
            log.Require(took is not null && primary is > 5 and < connections, "connections must be shared by their weights");

            async Task<string[]> ManyAsync(int count)
            {
                CommandResult[] results = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => client.RunAsync("psql", words)));
                return [.. results.Where(r => r.Succeeded).Select(r => r.Output.Trim())];
            }
        });
    }

    public static async Task MetricsTellItAsync(ITourPlace place, CheckLog log, CancellationToken cancellation)
    {
        log.Did("GET :15020/metrics of the waypoint");
        (string? waypoint, _) = await WaypointAsync(place);
        log.Require(waypoint is not null, "the waypoint must be there");
        MetricPage page = MetricPage.Parse(await place.MetricsAsync(waypoint, cancellation));
        string client = $"source_principal=\"{SandboxLayout.Client.Identity}\"";
        const string requests = "istio_requests_total", reporter = "reporter=\"waypoint\"";
        string codes = string.Join(", ", Codes.Select(code => string.Create(CultureInfo.InvariantCulture, $"{code} ×{page.Sum(requests, reporter, client, $"response_code=\"{code}\"")}")));
        double database = page.Sum("istio_tcp_connections_opened_total", reporter, client, "destination_service=\"database.bookshop.svc.cluster.local\"");
        double fresh = page.Sum(requests, reporter, "destination_version=\"v3\"");
        log.Saw(string.Create(CultureInfo.InvariantCulture, $"requests of {SandboxLayout.Client.Identity}: {codes}; {fresh} requests to v3; {database} connections to the database"));
        log.Require(page.Sum(requests, reporter, client, "response_code=\"200\"") > 0 && page.Sum(requests, reporter, client, "response_code=\"418\"") > 0, "requests must be counted with the caller's identity and their codes");
        log.Require(fresh > 0 && database > 0, "versions and connections must be counted");
    }

    private static async Task WithAsync(ITourPlace place, CheckLog log, string name, Func<Task> play)
    {
        string text = SampleFiles.Read($"tour/{name}.yaml");
        log.Did($"apply tour/{name}.yaml: {text.Split('\n')[0].TrimStart('#', ' ')}");
        string? error = await place.ApplyAsync(text);
        log.Require(error is null, error ?? "");
        try
        {
            await play();
        }
        finally
        {
            await place.DeleteAsync(text);
        }
    }

    private static async Task<(IReadOnlyList<ShopAnswer> Last, TimeSpan? Took)> UntilAsync(ITourPod from, string url, int count, Func<IReadOnlyList<ShopAnswer>, bool> wanted, CancellationToken cancellation, params string[] options)
    {
        IReadOnlyList<ShopAnswer> last = [];
        TimeSpan? took = await Requests.UntilAsync(async () => (last = await ShopAnswer.AskAsync(from, url, count, options)).Count == count && wanted(last), Deadline, cancellation);
        return (last.Count > 0 ? last : [new ShopAnswer(0, default, "")], took);
    }

    /// <summary>The waypoint of the bookshop, whatever follows its name.</summary>
    private static async Task<(string? Name, IReadOnlyList<string> Addresses)> WaypointAsync(ITourPlace place) =>
        (await place.PodsAsync()).FirstOrDefault(p => p.Name.StartsWith("waypoint", StringComparison.Ordinal)) is { Name: { } name } found ? (name, found.Addresses) : (null, []);

    private static string After(TimeSpan? time) => time is null ? "never" : string.Create(CultureInfo.InvariantCulture, $"after {time.Value.TotalMilliseconds:0} ms");
}
