using Ambient.Mesh.Addresses;
using Ambient.Mesh.Headers;
using Ambient.Mesh.Workloads;

namespace Ambient.Mesh.Tests.Headers;

public class HeaderTests
{
    [Theory]
    [Trait("behaviour", "ZT-119")]
    [Trait("behaviour", "ZT-120")]
    [Trait("behaviour", "ZT-121")]
    [InlineData("127.0.0.1:80", null, "for=\"127.0.0.1:80\"")]
    [InlineData("[::1]:80", null, "for=\"[::1]:80\"")]
    [InlineData("127.0.0.1:80", "example.com", "for=\"127.0.0.1:80\";host=example.com")]
    public void Forwarded_IsWritten(string application, string? host, string expected) => Assert.Equal(expected, Forwarded.Format(IpPort.Parse(application), host));

    [Theory]
    [Trait("behaviour", "ZT-122")]
    [InlineData("by=identifier;for=identifier;host=example.com;proto=https", "example.com")]
    [InlineData("by=identifier;for=identifier;host=\"example.com\";proto=https", "example.com")]
    [InlineData("for=x; host=example.com", "example.com")]
    [InlineData("host=a;host=b", "a")]
    [InlineData("by=identifier;for=identifier;proto=https", null)]
    [InlineData("by=identifier;host=;proto=https", null)]
    [InlineData("host=\"\"", null)]
    [InlineData("Host=example.com", null)]
    [InlineData("by=idéntifier;host=example.com", null)]
    [InlineData("", null)]
    public void Forwarded_HostIsRead(string line, string? expected) => Assert.Equal(expected, Forwarded.ParseHost(line));

    [Fact]
    [Trait("behaviour", "ZT-125")]
    [Trait("behaviour", "ZT-126")]
    public void Baggage_OneLine_IsRead()
    {
        Baggage baggage = Baggage.Parse("k8s.cluster.name=K1,k8s.namespace.name=NS1,k8s.deployment.name=N1,service.name=N2,service.version=V1");
        Assert.Equal(new Baggage { Cluster = "K1", Namespace = "NS1", WorkloadName = "N1", Service = "N2", Revision = "V1" }, baggage);
    }

    [Fact]
    [Trait("behaviour", "ZT-127")]
    public void Baggage_EmptyValues_AreAbsent() =>
        Assert.Equal(Baggage.Empty, Baggage.Parse("k8s.cluster.name=,k8s.namespace.name=,k8s.deployment.name=,service.name=,service.version="));

    [Fact]
    [Trait("behaviour", "ZT-128")]
    public void Baggage_SeveralLines_AreReadAsOne() =>
        Assert.Equal(
            new Baggage { Cluster = "K1", Namespace = "NS1", WorkloadName = "N1", Service = "N2", Revision = "V1" },
            Baggage.Parse("k8s.cluster.name=K1", "k8s.namespace.name=NS1", "k8s.deployment.name=N1", "service.name=N2", "service.version=V1"));

    [Fact]
    [Trait("behaviour", "ZT-129")]
    public void Baggage_NoHeader_IsAbsent() => Assert.Equal(Baggage.Empty, Baggage.Parse());

    [Theory]
    [InlineData("k8s.cluster.name=a=b", "a")]
    [InlineData("junk,k8s.cluster.name=a", "a")]
    [InlineData(" k8s.cluster.name=a", null)]
    [InlineData("k8s.cluster.name=%41", "%41")]
    [InlineData("k8s.cluster.name=a,x=\u00e4", null)]
    public void Baggage_OddPieces_AreReadAsTheReferenceDoes(string line, string? cluster) => Assert.Equal(cluster, Baggage.Parse(line).Cluster);

    [Theory]
    [Trait("behaviour", "ZT-124")]
    [Trait("behaviour", "ZT-130")]
    [InlineData(WorkloadType.Deployment, true)]
    [InlineData(WorkloadType.CronJob, true)]
    [InlineData(WorkloadType.Pod, true)]
    [InlineData(WorkloadType.Job, true)]
    [InlineData(WorkloadType.Pod, false)]
    public void Baggage_OfAWorkload_ReadsBackTheSame(WorkloadType type, bool filled)
    {
        string Text(string value) => filled ? value : "";
        Workload workload = TestMesh.Workload("w", "1.2.3.4", spec =>
        {
            spec.Type = type;
            spec.Namespace = Text("ns");
            spec.ClusterId = Text("Kubernetes");
            spec.WorkloadName = Text("deploy");
            spec.CanonicalName = Text("canonical");
            spec.CanonicalRevision = Text("v1");
            spec.Locality = new Locality(Text("region"), Text("zone"), "sub");
        });
        Baggage expected = !filled ? Baggage.Empty : new Baggage { Cluster = "Kubernetes", Namespace = "ns", WorkloadName = "deploy", Service = "canonical", Revision = "v1", Region = "region", Zone = "zone" };
        string text = Baggage.Format(workload);
        Assert.Equal(expected, Baggage.Parse(text));
        Assert.Equal(filled ? $"k8s.cluster.name=Kubernetes,k8s.namespace.name=ns,k8s.{type.Word()}.name=deploy,service.name=canonical,service.version=v1,cloud.region=region,cloud.availability_zone=zone" : "", text);
    }

    [Fact]
    public void Baggage_ValueThatWouldBreakTheLine_IsLeftOut()
    {
        Workload workload = TestMesh.Workload("w", null, spec => spec.ClusterId = "a\r\nx: y");
        Assert.DoesNotContain("\r", Baggage.Format(workload));
    }

    [Theory]
    [InlineData("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", true)]
    [InlineData("00-0123456789abcdef0123456789abcdeg-0123456789abcdef-01", false)]
    [InlineData("00-0123456789abcdef0123456789abcdef-0123456789abcdef-0", false)]
    [InlineData("00_0123456789abcdef0123456789abcdef-0123456789abcdef-01", false)]
    [InlineData(null, false)]
    public void Traceparent_IsKeptIfWellFormed(string? received, bool kept)
    {
        Traceparent parsed = Traceparent.ParseOrCreate(received, new Random(1));
        Assert.Equal(kept, parsed.Text == received);
        Assert.Equal(55, parsed.Text.Length);
        Assert.Equal(parsed, Traceparent.ParseOrCreate(parsed.Text, new Random(2)));
        Assert.Equal(32, parsed.TraceId.Length);
    }

    [Fact]
    public void Parsers_OnRandomText_NeverThrow()
    {
        const int Seed = 7;
        Random random = new(Seed);
        const string Alphabet = "k8s.clusternamepod=,;\"host forwarded\0\u00ff";
        for (int i = 0; i < 20_000; i++)
        {
            char[] text = new char[random.Next(80)];
            for (int c = 0; c < text.Length; c++)
            {
                text[c] = Alphabet[random.Next(Alphabet.Length)];
            }

            _ = Baggage.Parse(new string(text));
            _ = Forwarded.ParseHost(text);
            _ = Traceparent.ParseOrCreate(new string(text), random);
        }
    }
}
