using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

public sealed class DestinationTests
{
    [Fact]
    [Trait("behaviour", "WP-123")]
    public void PortReplacesItsFourParts_SubsetOverridesPartByPart()
    {
        Compiling mesh = Compiling.Of("""
            DestinationRule a:
              host: reviews
              trafficPolicy:
                loadBalancer: {simple: ROUND_ROBIN}
                connectionPool: {tcp: {maxConnections: 7}}
                retryBudget: {percent: 10}
                portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]
              subsets:
              - {name: v1, labels: {version: v1}}
              - name: v2
                labels: {version: v2}
                trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, maxEjectionPercent: 100}, portLevelSettings: [{port: {number: 80}, connectionPool: {http: {http2MaxRequests: 3}}}]}
            """);
        Assert.Equal((Balancing.RoundRobin, 7u), (mesh.Policy()!.Balancing, mesh.Policy()!.Pool.MaxConnections));
        TrafficPolicy port = mesh.Policy(80)!;
        Assert.Equal((Balancing.Random, null, 10.0), (port.Balancing, port.Pool, port.RetryBudget.Percent));
        Assert.Equal(7u, mesh.Policy(0, "v1")!.Pool.MaxConnections);
        TrafficPolicy v2 = mesh.Policy(0, "v2")!;
        Assert.Equal((Balancing.RoundRobin, 7u, 1u), (v2.Balancing, v2.Pool.MaxConnections, v2.Outliers.Consecutive5Xx));
        TrafficPolicy v2Port = mesh.Policy(80, "v2")!;
        Assert.Equal((Balancing.LeastRequest, 3u, null, 10.0), (v2Port.Balancing, v2Port.Pool.MaxRequests, v2Port.Outliers, v2Port.RetryBudget.Percent));
        Assert.Equal([["uid-v1"], ["uid-v2", "uid-v2b"]], mesh.Result.Destinations[0].Subsets.Select(subset => subset.Members.ToArray()));
        Assert.Empty(mesh.Messages);
    }

    [Fact]
    [Trait("behaviour", "WP-114")]
    public void WaypointsNamespace_ComesFirst_ThenTheRoot()
    {
        const string Rule = "{host: reviews.apps.svc.cluster.local, trafficPolicy: {loadBalancer: {simple: RANDOM}}}";
        Assert.Equal(Balancing.RoundRobin, Compiling.Of($"DestinationRule istio-system/a: {Rule}", "DestinationRule b: {host: reviews, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}").Policy()!.Balancing);
        Assert.Equal(Balancing.Random, Compiling.Of($"DestinationRule istio-system/a: {Rule}").Policy()!.Balancing);
        Assert.Null(Compiling.Of($"DestinationRule elsewhere/a: {Rule}").Policy());
    }

    [Fact]
    [Trait("behaviour", "WP-113")]
    public void MostSpecificHost_Wins()
    {
        Compiling mesh = Compiling.Of(
            "DestinationRule a: {host: '*.svc.cluster.local', trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 1}}}}",
            "DestinationRule b: {host: '*.apps.svc.cluster.local', trafficPolicy: {connectionPool: {http: {maxRequestsPerConnection: 2}}}}");
        Assert.Equal(2u, mesh.Policy()!.Pool.MaxRequestsPerConnection);
    }

    [Fact]
    [Trait("behaviour", "WP-122")]
    public void SeveralRules_UniteTheirSubsets_AndTheOlderKeepsItsName()
    {
        Compiling mesh = Compiling.Of(
            "DestinationRule a: {host: reviews, subsets: [{name: x, labels: {version: v1}}]}",
            "DestinationRule b: {host: reviews, subsets: [{name: x, labels: {version: v2}}, {name: y, labels: {version: v2}}]}");
        Assert.Equal(["x:1", "y:2"], mesh.Result.Destinations[0].Subsets.Select(subset => $"{subset.Name}:{subset.Members.Count}"));
        Assert.Contains(mesh.Messages, message => message.Contains("an older rule has a subset x", StringComparison.Ordinal));
    }

    [Fact]
    public void APolicyThatAnOlderRuleOverrules_IsSaid_AndItsTlsNeverBecomesPlain()
    {
        const string Older = "DestinationRule a: {host: reviews, trafficPolicy: {loadBalancer: {simple: RANDOM}TLS}}", Younger = "DestinationRule b: {host: reviews, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}TLS}}";
        Compiling plain = Compiling.Of(Older.Replace("TLS", "", StringComparison.Ordinal), Younger.Replace("TLS", "", StringComparison.Ordinal));
        Assert.Equal((Balancing.Random, null), (plain.Policy()!.Balancing, plain.Policy()!.Tls));
        Assert.Equal("DestinationRule b NoEffect: spec.trafficPolicy has no effect: the older DestinationRule apps/a speaks for the same host; its subsets are in force", Assert.Single(plain.Messages));

        Compiling withheld = Compiling.Of(Older.Replace("TLS", "", StringComparison.Ordinal), Younger.Replace("TLS", ", tls: {mode: SIMPLE}", StringComparison.Ordinal));
        Assert.Equal("DestinationRule apps/b: spec.trafficPolicy.tls of a younger rule for the same host is not in force", withheld.Policy()!.Tls.Broken);
        Assert.Contains(withheld.Messages, static said => said.StartsWith("DestinationRule b UnsupportedValue:", StringComparison.Ordinal) && said.Contains("answered 503", StringComparison.Ordinal));

        // What the older one says about TLS is in force.
        Compiling ruled = Compiling.Of(Older.Replace("TLS", ", tls: {mode: SIMPLE, sni: x}", StringComparison.Ordinal), Younger.Replace("TLS", ", tls: {mode: SIMPLE, sni: y}", StringComparison.Ordinal));
        Assert.Equal(("", "x"), (ruled.Policy()!.Tls.Broken, ruled.Policy()!.Tls.Sni));
        Assert.Null(Compiling.Of(Older.Replace("TLS", ", tls: {mode: DISABLE}", StringComparison.Ordinal), Younger.Replace("TLS", ", tls: {mode: SIMPLE}", StringComparison.Ordinal)).Policy()!.Tls);
    }

    [Theory]
    [InlineData("{consistentHash: {httpHeaderName: h}}", HashSource.KindOneofCase.Header, Balancing.RingHash)]
    [InlineData("{consistentHash: {httpQueryParameterName: q, maglev: {tableSize: 251}}}", HashSource.KindOneofCase.Query, Balancing.Maglev)]
    [InlineData("{consistentHash: {useSourceIp: true}}", HashSource.KindOneofCase.SourceAddress, Balancing.RingHash)]
    [InlineData("{consistentHash: {httpCookie: {name: c, ttl: 0s, path: /}}}", HashSource.KindOneofCase.Cookie, Balancing.RingHash)]
    [Trait("behaviour", "WP-89")]
    [Trait("behaviour", "WP-124")]
    public void Hashes(string balancer, HashSource.KindOneofCase kind, Balancing balancing)
    {
        TrafficPolicy policy = Compiling.Of($$$"""DestinationRule a: {host: reviews, trafficPolicy: {loadBalancer: {{{balancer}}}}}""").Policy()!;
        Assert.Equal((balancing, kind), (policy.Balancing, Assert.Single(policy.Hash).KindCase));
        Assert.Equal(kind == HashSource.KindOneofCase.Cookie, policy.Hash[0].HasTtl);
    }

    [Theory]
    [InlineData("maglev: {tableSize: 251}", 251ul, "")]
    [InlineData("maglev: {tableSize: 0}", 0ul, "")]
    [InlineData("maglev: {}", 0ul, "")]
    [InlineData("maglev: {tableSize: 1}", 2ul, "maglev.tableSize must be a prime, and 1 is none; 2, the next one, is used")]
    [InlineData("maglev: {tableSize: 65536}", 65_537ul, "maglev.tableSize must be a prime, and 65536 is none; 65537, the next one, is used")]
    [InlineData("maglev: {tableSize: 131071}", 131_071ul, "")]
    [InlineData("maglev: {tableSize: 5000011}", 131_071ul, "maglev.tableSize is at most 131071 here, which is used instead")]
    [InlineData("ringHash: {minimumRingSize: 1000}", 1000ul, "")]
    [InlineData("ringHash: {minimumRingSize: 8388608}", 16_384ul, "ringHash.minimumRingSize is at most 16384 here, which is used instead")]
    [InlineData("minimumRingSize: 40000", 16_384ul, "minimumRingSize is at most 16384 here, which is used instead")]
    public void TableSize_ThatCannotBe_IsReplacedAndSaid(string table, ulong used, string problem)
    {
        Compiling mesh = Compiling.Of($$$"""DestinationRule a: {host: reviews, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, {{{table}}} } } } }""");
        Assert.Equal(used, mesh.Policy()!.TableSize);
        string[] expected = problem.Length == 0 ? [] : [$"DestinationRule a Invalid: spec.trafficPolicy.loadBalancer.consistentHash.{problem}"];
        Assert.Equal(expected, mesh.Messages.Distinct());
    }

    [Theory]
    [InlineData("{mode: SIMPLE, insecureSkipVerify: true}", true, "")]
    [InlineData("{mode: SIMPLE, sni: x}", true, "")]
    [InlineData("{mode: SIMPLE, caCertificates: /etc/ssl/certs/ca-certificates.crt}", true, "")]
    [InlineData("{mode: MUTUAL}", true, "spec.trafficPolicy.tls.mode: MUTUAL needs a client certificate")]
    [InlineData("{mode: MUTUAL, clientCertificate: /a, privateKey: /b}", true, "spec.trafficPolicy.tls.clientCertificate: files in waypoints cannot be named; use credentialName")]
    [InlineData("{mode: SIMPLE, caCertificates: /my/ca.pem}", true, "spec.trafficPolicy.tls.caCertificates: of files only the system's bundle can be named; use credentialName")]
    [InlineData("{mode: MUTUAL, credentialName: s}", true, "spec.trafficPolicy.tls.credentialName: there is no Secret apps/s")]
    [InlineData("{mode: SIMPLE, credentialName: other/s}", true, "spec.trafficPolicy.tls.credentialName: must be the name of a Secret in the waypoint's namespace")]
    [InlineData("{mode: SIMPEL}", true, "spec.trafficPolicy.tls.mode: 'SIMPEL' is not one of DISABLE, SIMPLE, MUTUAL and ISTIO_MUTUAL")]
    [InlineData("{mode: [SIMPLE]}", true, "spec.trafficPolicy.tls.mode: '' is not one of DISABLE, SIMPLE, MUTUAL and ISTIO_MUTUAL")]
    [InlineData("{mode: ISTIO_MUTUAL}", false, "")]
    [InlineData("{mode: DISABLE}", false, "")]
    [InlineData("{}", false, "")]
    [Trait("behaviour", "WP-106")]
    public void Tls_ThatCannotBeDone_IsNeverPlain(string tls, bool isSet, string broken)
    {
        TrafficPolicy policy = Compiling.Of($$$"""DestinationRule a: {host: reviews, trafficPolicy: {tls: {{{tls}}}}}""").Policy()!;
        Assert.Equal((isSet, broken), (policy.Tls is not null, policy.Tls?.Broken ?? ""));
    }

    [Fact]
    public void EjectionThatCanNeverHappen_IsSaid()
    {
        Compiling mesh = Compiling.Of("DestinationRule a: {host: reviews, trafficPolicy: {outlierDetection: {interval: 1s}}}");
        Assert.Contains(mesh.Messages, message => message.Contains("maxEjectionPercent 10 of 3 endpoints is less than one", StringComparison.Ordinal));
    }

    [Fact]
    public void Localities_AndWarmUp_AreRead()
    {
        Compiling mesh = Compiling.Of("""
            DestinationRule a:
              host: reviews
              trafficPolicy:
                loadBalancer:
                  simple: ROUND_ROBIN
                  warmup: {duration: 30s, minimumPercent: 20, aggression: 2}
                  localityLbSetting:
                    failover: [{from: us-east, to: eu-west}]
                    failoverPriority: [topology.istio.io/network, topology.kubernetes.io/region, version, kubernetes.io/hostname]
                    distribute: [{from: "us-east/*", to: {"us-east/a/*": 80, "us-east/b/*": 20}}]
            """);
        TrafficPolicy policy = mesh.Policy()!;
        Assert.Equal((30_000ul, 20u, 2.0), (policy.WarmupMs, policy.WarmupMinPercent, policy.WarmupAggression));
        Assert.Equal(("us-east", "eu-west"), (policy.Locality.Failover[0].From, policy.Locality.Failover[0].To));
        Assert.Equal(["topology.istio.io/network", "topology.kubernetes.io/region"], policy.Locality.PriorityLabels);
        Assert.Equal(80u, policy.Locality.Distribute[0].To["us-east/a/*"]);
        Assert.Contains(mesh.Messages, message => message.Contains("'version' is not supported", StringComparison.Ordinal));
        Assert.Single(mesh.Messages);
        Assert.True(Compiling.Of("DestinationRule a: {host: reviews, trafficPolicy: {loadBalancer: {localityLbSetting: {enabled: false}}}}").Policy()!.Locality.Disabled);
        Assert.True(Compiling.Of("DestinationRule a: {host: reviews, trafficPolicy: {loadBalancer: {zoneAwareLbSetting: {}}}}").Policy()!.Locality.Forced);
    }
}
