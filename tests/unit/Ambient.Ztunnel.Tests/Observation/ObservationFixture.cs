using System.Buffers;
using System.Text;
using Ambient.Mesh.Addresses;
using Ambient.Mesh.Connections;
using Ambient.Mesh.Services;
using Ambient.Mesh.Workloads;
using Ambient.Telemetry.AccessLogs;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Ztunnel.Observation;

namespace Ambient.Ztunnel.Tests.Observation;

/// <summary>A registry, an access log and the counters of one loop, with a clock turned by hand.</summary>
internal sealed class ObservationFixture : IDisposable, IConnectionOwner
{
    private readonly LogHub _logs;

    public ObservationFixture(string levels = "info")
    {
        Assert.True(LogDirectives.TryParse(levels, out LogDirectives? directives, out _));
        _logs = new LogHub(new LogHubOptions { Sink = Sink, Directives = directives });
        Metrics = new TrafficMetrics(Registry);
        Traffic = new LoopTraffic(Metrics, new AccessLogWriter(_logs), () => Now);
    }

    public static Workload Web { get; } = new(new WorkloadSpec
    {
        Uid = "c1//Pod/shop/web-1",
        Name = "web-1",
        Namespace = "shop",
        TrustDomain = "cluster.local",
        ServiceAccount = "web",
        WorkloadName = "web",
        CanonicalName = "web",
        CanonicalRevision = "v1",
        ClusterId = "c1",
        Locality = new Locality("eu", "eu-a", ""),
    });

    public static Workload Cart { get; } = new(new WorkloadSpec
    {
        Uid = "c1//Pod/shop/cart-0",
        Name = "cart-0",
        Namespace = "shop",
        TrustDomain = "cluster.local",
        ServiceAccount = "cart",
        WorkloadName = "cart-deploy",
        CanonicalName = "cart",
        CanonicalRevision = "v2",
        ClusterId = "c1",
    });

    public static Service CartService { get; } = new(new ServiceSpec { Name = "cart", Namespace = "shop", Hostname = "cart.shop.svc.cluster.local" });

    public LineSink Sink { get; } = new();

    public MetricRegistry Registry { get; } = new();

    public TrafficMetrics Metrics { get; }

    public LoopTraffic Traffic { get; }

    public long Now { get; set; }

    public List<(CloseReason Reason, string Detail)> Cuts { get; } = [];

    public ConnectionRecord Record(Reporter reporter, string source = "10.1.0.7:41230", string original = "10.96.0.9:80")
        => new(Traffic, reporter, IpPort.Parse(source), IpPort.Parse(original), this);

    public string Exposition()
    {
        ArrayBufferWriter<byte> output = new();
        Registry.WriteTo(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>Samples by name and labels.</summary>
    public Dictionary<string, long> Samples(string family) => Exposition().Split('\n')
        .Where(l => l.StartsWith(family + "{", StringComparison.Ordinal))
        .ToDictionary(l => l[family.Length..l.LastIndexOf(' ')], l => long.Parse(l[(l.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture), StringComparer.Ordinal);

    public string[] Lines()
    {
        Assert.True(_logs.Flush(TimeSpan.FromSeconds(10)));
        return Sink.Lines;
    }

    public void Cut(CloseReason reason, string detail) => Cuts.Add((reason, detail));

    public void Dispose() => _logs.Dispose();
}
