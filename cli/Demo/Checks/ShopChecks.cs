using System.Globalization;

namespace Ambient.Cli.Demo.Checks;

/// <summary>The bookshop: several services, from the manifests that Kubernetes would take.</summary>
internal static class ShopChecks
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(25);

    /// <summary>The address of a part of the shop.</summary>
    public static string Url(string service, string path = "") => $"http://{service}.bookshop.svc.cluster.local:9080/{(path.Length > 0 ? path : service)}";

    public static async Task RunsFromItsManifestsAsync(ITourPlace place, CheckLog log, CancellationToken cancellation)
    {
        ITourPod client = place.Client;
        log.Did("samples/bookshop/manifests/application.yaml, applied at the start: 6 Deployments, 4 Services; client: curl " + Url("productpage"));
        await ApplyAsync(place, log, "manifests/application.yaml", cancellation);
        const string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        IReadOnlyList<ShopAnswer> answers = [];
        TimeSpan? up = await Requests.UntilAsync(async () => (answers = await ShopAnswer.AskAsync(client, Url("productpage"), 2)).All(a => a.Status == 200 && a.Text("calls", "1", "status") == "200"), Deadline, cancellation);
        log.Require(up is not null, $"the page must be there: {ShopAnswer.Tally(answers)} {string.Join(' ', answers.Select(a => a.Body).Take(1))}");

        // A kept connection between page and reviews stays with one of them; new ones are balanced.
        IReadOnlyList<ShopAnswer> reviews = await ShopAnswer.AskAsync(client, Url("reviews"), 24);
        ShopAnswer page = await ShopAnswer.AskAsync(client, Url("productpage"), "-H", "traceparent: " + trace);
        string caller = page.Text("calls", "0", "answer", "caller", "address"), passed = page.Text("calls", "0", "answer", "request", "headers", "traceparent");
        string? owner = (await place.PodsAsync()).FirstOrDefault(p => p.Addresses.Contains(caller)).Name;
        log.Saw($"24 requests to reviews: {ShopAnswer.Tally(reviews)}; details was asked by {owner ?? caller}, the trace went along: {(passed == trace ? "yes" : passed)}; the page took {Milliseconds(page)} ms, its calls {page.Text("calls", "0", "milliseconds")} and {page.Text("calls", "1", "milliseconds")} ms");
        log.Require(reviews.All(a => a.Status == 200) && reviews.Select(a => a.Version).Distinct().Count() == 3, "all three versions of the reviews must answer");
        log.Require(owner is not null && owner.StartsWith("productpage-v1", StringComparison.Ordinal) && passed == trace, "details must be asked by the page's pod, with the caller's trace");
    }

    /// <summary>Applies a manifest of the samples and waits for the pods that it asks for.</summary>
    public static async Task ApplyAsync(ITourPlace place, CheckLog log, string file, CancellationToken cancellation)
    {
        string? error = await place.ApplyAsync(SampleFiles.Read(file)) ?? await place.SettleAsync(cancellation);
        log.Require(error is null, $"{file}: {error}");
    }

    /// <summary>Time in whole milliseconds.</summary>
    public static string Milliseconds(ShopAnswer answer) => answer.Took.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
}
