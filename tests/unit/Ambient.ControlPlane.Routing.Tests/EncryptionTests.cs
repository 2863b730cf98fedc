using System.Text;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Tests;

/// <summary>TLS to endpoints: Secrets, ConfigMaps, BackendTLSPolicies, and what never becomes plaintext.</summary>
public sealed class EncryptionTests
{
    private static readonly TestPem Client = new("client");
    private static readonly TestPem Authority = new("authority");
    private const string Mutual = "DestinationRule a: {host: reviews, trafficPolicy: {tls: {mode: MUTUAL, credentialName: s, sni: x.example.com, subjectAltNames: [a, b]}}}";

    public static TheoryData<string, string> Names => new() { { "tls.crt tls.key ca.crt ca.crl", "" }, { "cert key cacert crl", "" }, { "tls.crt tls.key", "-cacert" } };

    [Theory]
    [MemberData(nameof(Names))]
    public void Secret_HasCertificateKeyAndAuthorities(string names, string authority)
    {
        string[] name = names.Split(' ');
        Dictionary<string, Dictionary<string, byte[]>> there = new() { ["Secret apps/s"] = new() { [name[0]] = Client.Certificate, [name[1]] = Client.Key } };
        Dictionary<string, byte[]> authorities = authority.Length == 0 ? there["Secret apps/s"] : there["Secret apps/s" + authority] = [];
        authorities[name.Length > 2 ? name[2] : "ca.crt"] = Authority.Certificate;
        authorities[name.Length > 3 ? name[3] : "ca.crl"] = "list"u8.ToArray();

        UpstreamTls tls = Compiling.With(there, Mutual).Policy()!.Tls;
        Assert.Equal("", tls.Broken);
        Assert.Equal(Client.Certificate, tls.Certificate.ToByteArray());
        Assert.Equal(Client.Key, tls.PrivateKey.ToByteArray());
        Assert.Equal(Authority.Certificate, tls.Authorities.ToByteArray());
        Assert.Equal(("list", "x.example.com", "a b"), (tls.Revocations.ToStringUtf8(), tls.Sni, string.Join(' ', tls.SubjectAltNames)));
    }

    [Fact]
    public void SecretThatIsWrong_BlocksAndIsSaid_AndNoValueIsNamed()
    {
        byte[] foreign = new TestPem().Key;
        (Dictionary<string, byte[]> Data, string Why)[] cases =
        [
            (new() { ["tls.crt"] = Client.Certificate, ["ca.crt"] = Authority.Certificate }, "needs tls.crt and tls.key"),
            (new() { ["tls.crt"] = Client.Certificate, ["tls.key"] = foreign, ["ca.crt"] = Authority.Certificate }, "that belong together"),
            (new() { ["tls.crt"] = Client.Certificate, ["tls.key"] = Client.Key }, "has ca.crt (or cacert)"),
            (new() { ["tls.crt"] = Client.Certificate, ["tls.key"] = Client.Key, ["ca.crt"] = "no PEM"u8.ToArray() }, "is not PEM of certificates"),
        ];
        foreach ((Dictionary<string, byte[]> data, string why) in cases)
        {
            Compiling mesh = Compiling.With(new Dictionary<string, Dictionary<string, byte[]>> { ["Secret apps/s"] = data }, Mutual);
            Assert.Contains(why, mesh.Policy()!.Tls.Broken, StringComparison.Ordinal);
            Assert.Contains(mesh.Messages, message => message.Contains(why, StringComparison.Ordinal) && message.Contains("503", StringComparison.Ordinal));
            Assert.DoesNotContain(mesh.Messages, message => message.Contains("PRIVATE KEY", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void SecretsOfOtherNamespaces_AreNobodys()
    {
        Dictionary<string, Dictionary<string, byte[]>> everywhere = new();
        foreach (string place in new[] { "apps", "other", "istio-system" })
        {
            everywhere[$"Secret {place}/s"] = new() { ["tls.crt"] = Client.Certificate, ["tls.key"] = Client.Key, ["ca.crt"] = Encoding.ASCII.GetBytes($"{place}\n{Encoding.ASCII.GetString(Authority.Certificate)}") };
        }

        string rule = "{host: reviews.apps.svc.cluster.local, trafficPolicy: {tls: {mode: MUTUAL, credentialName: s}}}";
        UpstreamTls root = Compiling.With(everywhere, $"DestinationRule istio-system/a: {rule}").Policy()!.Tls;
        Assert.Equal("", root.Broken);
        Assert.StartsWith("apps", root.Authorities.ToStringUtf8(), StringComparison.Ordinal);

        // A rule of the service's own namespace, for a waypoint elsewhere, does not act by that waypoint's certificates.
        RoutedService service = new("other", "pay", "pay.other.svc.cluster.local", IsEntry: false, [new RoutedPort(80, "http", PortProtocol.Http)]);
        CompiledPart<DestinationSettings> compiled = WaypointCompiler.Destination(
            new WaypointScope
            {
                Namespace = "apps",
                Gateway = "waypoint",
                Served = [service],
                Objects = [new RoutingObject("DestinationRule", "other", "a", DateTimeOffset.UnixEpoch, System.Text.Json.JsonDocument.Parse("""{"host":"pay","trafficPolicy":{"tls":{"mode":"MUTUAL","credentialName":"s"}}}""").RootElement)],
                References = _ => throw new InvalidOperationException("nothing may be read"),
            },
            service);
        Assert.Contains("cannot use Secrets of the waypoint's namespace apps", compiled.Result!.Policies[0].Policy.Tls.Broken, StringComparison.Ordinal);
    }

    [Fact]
    public void SecretThatIsNotKnownYet_BlocksAndIsNoProblem()
    {
        RoutedCluster cluster = new(references: _ => Referenced.Unknown);
        Serve(cluster);
        cluster.Set("DestinationRule", "apps/r", "},'spec':{'host':'cart','trafficPolicy':{'tls':{'mode':'SIMPLE','credentialName':'s'}}}");
        cluster.Take();
        Assert.Contains("is being read", Tls(cluster)!.Broken, StringComparison.Ordinal);
        Assert.True(Tls(cluster)!.Pending);
        Assert.Empty(cluster.Said);

        // Both Secrets are asked for at once, so that who waits for all that was asked for waits for both.
        Assert.Equal(["Secret apps/s", "Secret apps/s-cacert"], cluster.Waypoints.References.Select(static reference => reference.ToString()).Order(StringComparer.Ordinal));
        Serve(cluster);
        cluster.Set("BackendTLSPolicy", "apps/b", "},'spec':{'targetRefs':[{'group':'','kind':'Service','name':'cart'}],'validation':{'caCertificateRefs':[{'group':'','kind':'ConfigMap','name':'ca'}],'hostname':'h'}}");
        cluster.Set("DestinationRule", "apps/r", null);
        cluster.Take();
        Assert.True(Tls(cluster)!.Pending);
    }

    [Fact]
    public void SecretThatMayNotBeRead_IsAProblemOfTheRule_UntilItMay()
    {
        Referenced secret = Referenced.Refused("may not be read: secretNamespaces of the chart");
        RoutedCluster cluster = new(references: reference => reference.Key.Name == "s" ? secret : Referenced.Missing);
        Serve(cluster);
        cluster.Set("DestinationRule", "apps/r", "},'spec':{'host':'cart','trafficPolicy':{'tls':{'mode':'SIMPLE','credentialName':'s'}}}");
        cluster.Take();
        Assert.False(Tls(cluster)!.Pending);
        Kubernetes.Resources.Condition said = Assert.Single(cluster.Statuses["DestinationRule apps/r"].Wanted);
        Assert.Equal("False", said.Status);
        Assert.Contains("trafficPolicy.tls.credentialName the Secret apps/s may not be read: secretNamespaces of the chart", said.Message, StringComparison.Ordinal);
        secret = new Referenced(true, new Dictionary<string, byte[]> { ["ca.crt"] = Authority.Certificate });
        cluster.Waypoints.OnReference(new ReferenceKey(IsSecret: true, new Kubernetes.Resources.ResourceKey("apps", "s")));
        cluster.Take();
        Assert.Equal("True", Assert.Single(cluster.Statuses["DestinationRule apps/r"].Wanted).Status);
        Assert.Equal("", Tls(cluster)!.Broken);
    }

    [Fact]
    public void SecretThatChanges_ReachesThoseThatUseIt_AndNobodyElse()
    {
        Dictionary<string, byte[]> secret = new() { ["ca.crt"] = Authority.Certificate };
        ReferenceKey? asked = null;
        RoutedCluster cluster = new(references: reference =>
        {
            asked = reference.Key.Name == "s" ? reference : asked;
            return reference.Key.Name == "s" ? new Referenced(true, secret) : Referenced.Missing;
        });
        Serve(cluster);
        cluster.Set("DestinationRule", "apps/r", "},'spec':{'host':'cart','trafficPolicy':{'tls':{'mode':'SIMPLE','credentialName':'s'}}}");
        cluster.Take();
        Assert.Equal(Authority.Certificate, Tls(cluster)!.Authorities.ToByteArray());
        Assert.Equal("Secret apps/s", asked.ToString());

        secret["ca.crt"] = Client.Certificate;
        cluster.Waypoints.OnReference(asked!.Value);
        Assert.Equal("+DestinationSettings apps/w/apps/cart.apps.svc.cluster.local", cluster.Take());
        Assert.Equal(Client.Certificate, Tls(cluster)!.Authorities.ToByteArray());

        // Without the rule nobody depends on it any more.
        cluster.Set("DestinationRule", "apps/r", null);
        cluster.Take();
        Assert.Empty(cluster.Waypoints.References);
    }

    [Fact]
    [Trait("behaviour", "WP-102")]
    public void PortsAndSubsets_HaveTheirOwn()
    {
        Compiling mesh = Compiling.Of("""
            DestinationRule a:
              host: reviews
              subsets: [{name: x, labels: {version: v1}}, {name: y, labels: {version: v2}, trafficPolicy: {tls: {mode: SIMPLE, sni: y}}}]
              trafficPolicy: {portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE, insecureSkipVerify: true}}]}
            """);
        Assert.Null(mesh.Policy()!.Tls);
        Assert.True(mesh.Policy(443)!.Tls.SkipVerify);
        Assert.True(mesh.Policy(443, "x")!.Tls.SkipVerify);
        Assert.Equal("y", mesh.Policy(443, "y")!.Tls.Sni);
        Assert.Equal("y", mesh.Policy(0, "y")!.Tls.Sni);
    }

    [Fact]
    public void MalformedTls_Blocks()
    {
        Assert.Contains("is not an object", Compiling.Of("DestinationRule a: {host: reviews, trafficPolicy: {tls: SIMPLE}}").Policy()!.Tls.Broken, StringComparison.Ordinal);
        Assert.Contains("is not an object", Compiling.Of("DestinationRule a: {host: reviews, trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: [1]}]}}").Policy(80)!.Tls.Broken, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("behaviour", "WP-263")]
    public void BackendTlsPolicy_IsForItsPortOrAll()
    {
        Compiling mesh = Compiling.With(
            new Dictionary<string, Dictionary<string, byte[]>> { ["ConfigMap apps/ca"] = new() { ["ca.crt"] = Authority.Certificate } },
            Attached("all", "", "caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}], hostname: all.example.com"),
            Attached("one", ", sectionName: https", "wellKnownCACertificates: System, hostname: one.example.com, subjectAltNames: [{type: Hostname, hostname: h}, {type: URI, uri: 'spiffe://x/y'}]"));
        UpstreamTls all = mesh.Policy()!.Tls;
        UpstreamTls one = mesh.Policy(443)!.Tls;
        Assert.Equal(("", "all.example.com", 0, Authority.Certificate.Length + 1), (all.Broken, all.Sni, all.SubjectAltNames.Count, all.Authorities.Length));
        Assert.Equal(("", "one.example.com", "h spiffe://x/y", 0), (one.Broken, one.Sni, string.Join(' ', one.SubjectAltNames), one.Authorities.Length));
        Assert.Empty(mesh.Messages);
    }

    [Fact]
    [Trait("behaviour", "CP-263")]
    public void OlderPolicy_Wins_AndTheOtherIsTold()
    {
        Compiling mesh = Compiling.Of(Attached("b", "", "wellKnownCACertificates: System, hostname: older"), Attached("a", "", "wellKnownCACertificates: System, hostname: younger"));
        Assert.Equal("older", mesh.Policy()!.Tls.Sni);
        Assert.Contains(mesh.Messages, message => message.StartsWith("BackendTLSPolicy a Conflicted: ", StringComparison.Ordinal) && message.Contains("older policy b", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("caCertificateRefs: [{group: '', kind: ConfigMap, name: none}], hostname: h", "InvalidCACertificateRef", "there is no ConfigMap apps/none")]
    [InlineData("caCertificateRefs: [{group: '', kind: ConfigMap, name: bad}], hostname: h", "InvalidCACertificateRef", "needs PEM of certificates under ca.crt")]
    [InlineData("caCertificateRefs: [{group: '', kind: Secret, name: ca}], hostname: h", "InvalidKind", "cannot hold certificates")]
    [InlineData("hostname: h", "Invalid", "must be either references")]
    [InlineData("wellKnownCACertificates: Mine, hostname: h", "Invalid", "must be either references")]
    [InlineData("wellKnownCACertificates: System", "Invalid", "hostname must be a host name")]
    [InlineData("wellKnownCACertificates: System, hostname: h, subjectAltNames: [{type: URI}]", "Invalid", "must be Hostname with a hostname")]
    [Trait("behaviour", "CP-264")]
    public void PolicyThatCannotBeHonoured_Blocks(string validation, string reason, string message)
    {
        Compiling mesh = Compiling.With(new Dictionary<string, Dictionary<string, byte[]>> { ["ConfigMap apps/bad"] = new() { ["ca.crt"] = "nothing"u8.ToArray() } }, Attached("p", "", validation));
        Assert.NotEqual("", mesh.Policy()!.Tls.Broken);
        Assert.Contains(mesh.Messages, said => said.StartsWith($"BackendTLSPolicy p {reason}: ", StringComparison.Ordinal) && said.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("behaviour", "CP-264")]
    public void SectionThatIsNotThere_IsSaid()
    {
        Compiling mesh = Compiling.Of(Attached("p", ", sectionName: nothing", "wellKnownCACertificates: System, hostname: h"));
        Assert.Null(mesh.Policy());
        Assert.Contains(mesh.Messages, message => message.StartsWith("BackendTLSPolicy p TargetNotFound: ", StringComparison.Ordinal));
    }

    [Fact]
    public void RuleThatSaysSomething_IsInForceInstead_AndOneThatDoesNotIsCompleted()
    {
        string policy = Attached("p", "", "wellKnownCACertificates: System, hostname: attached");
        Compiling both = Compiling.Of("DestinationRule a: {host: reviews, trafficPolicy: {tls: {mode: SIMPLE, sni: own}}}", policy);
        Assert.Equal("own", both.Policy()!.Tls.Sni);
        Assert.Contains(both.Messages, message => message.Contains("instead of a BackendTLSPolicy", StringComparison.Ordinal));

        Compiling completed = Compiling.Of("DestinationRule a: {host: reviews, trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}, portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]}}", policy);
        Assert.Equal(("attached", 7u), (completed.Policy()!.Tls.Sni, completed.Policy()!.Pool.MaxConnections));
        Assert.Equal(("attached", Balancing.Random), (completed.Policy(80)!.Tls.Sni, completed.Policy(80)!.Balancing));
    }

    [Theory]
    [InlineData("istio-system/a: {host: '*.local', trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}")]
    [InlineData("istio-system/a: {host: '*.local', trafficPolicy: {tls: {mode: DISABLE}}}")]
    [InlineData("istio-system/a: {host: '*.local', trafficPolicy: {tls: {}}}")]
    [InlineData("istio-system/a: {host: reviews.apps.svc.cluster.local, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}")]
    [InlineData("istio-system/a: {host: '*.local', trafficPolicy: {tls: {mode: SIMPLE, sni: root}}}")]
    [InlineData("a: {host: '*.local', trafficPolicy: {tls: {mode: DISABLE}}}")]
    public void RuleForTheMeshOrManyHosts_DoesNotSwitchAttachedTlsOff(string rule)
    {
        string policy = Attached("p", "", "wellKnownCACertificates: System, hostname: attached");
        Compiling mesh = Compiling.Of($"DestinationRule {rule}", policy);
        Assert.Equal("attached", mesh.Policy()!.Tls.Sni);
        Assert.DoesNotContain(mesh.Messages, message => message.Contains("instead of a BackendTLSPolicy", StringComparison.Ordinal));

        // Nor by a port or a subset.
        string parts = rule.Replace("trafficPolicy: {", "subsets: [{name: x, labels: {version: v1}, trafficPolicy: {tls: {mode: DISABLE}}}], trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}], ", StringComparison.Ordinal);
        mesh = Compiling.Of($"DestinationRule {parts}", policy);
        Assert.Equal(("attached", "attached", "attached"), (mesh.Policy()!.Tls.Sni, mesh.Policy(80)!.Tls.Sni, mesh.Policy(80, "x")!.Tls.Sni));

        // What it says besides stays, and where nothing is attached so does its TLS.
        mesh = Compiling.Of($"DestinationRule {rule.Replace("trafficPolicy: {", "trafficPolicy: {connectionPool: {tcp: {maxConnections: 7}}, ", StringComparison.Ordinal)}", Attached("p", ", sectionName: https", "wellKnownCACertificates: System, hostname: attached"));
        Assert.Equal((rule.Contains("SIMPLE", StringComparison.Ordinal) ? "root" : null, "attached", 7u), (mesh.Policy()!.Tls?.Sni, mesh.Policy(443)!.Tls.Sni, mesh.Policy()!.Pool.MaxConnections));
    }

    [Fact]
    public void TlsOfARuleThatSelectsWorkloads_IsNotSentInTheClear()
    {
        const string Selective = "DestinationRule s: {host: reviews, workloadSelector: {matchLabels: {app: x}}, trafficPolicy: {tls: {mode: SIMPLE}, portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}}";
        Compiling mesh = Compiling.Of(Selective);
        Assert.Contains("DestinationRule apps/s: spec.workloadSelector", mesh.Policy()!.Tls.Broken, StringComparison.Ordinal);
        Assert.Null(mesh.Policy(80)!.Tls);
        Assert.Contains(mesh.Messages, message => message.StartsWith("DestinationRule s UnsupportedValue: ", StringComparison.Ordinal) && message.Contains("503", StringComparison.Ordinal));

        // A rule for the mesh does not open it; TLS of others, or a rule that wants none for just this host, is as good.
        Assert.NotEqual("", Compiling.Of(Selective, "DestinationRule istio-system/a: {host: '*.local', trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}").Policy()!.Tls.Broken);
        Assert.Equal("root", Compiling.Of(Selective, "DestinationRule istio-system/a: {host: '*.local', trafficPolicy: {tls: {mode: SIMPLE, sni: root}}}").Policy()!.Tls.Sni);
        Assert.Equal("attached", Compiling.Of(Selective, Attached("p", "", "wellKnownCACertificates: System, hostname: attached")).Policy()!.Tls.Sni);
        Assert.Null(Compiling.Of(Selective, "DestinationRule a: {host: reviews, trafficPolicy: {tls: {mode: DISABLE}}}").Policy()!.Tls);

        // One that has no TLS closes nothing, nor does one that is not exported to here.
        Assert.Null(Compiling.Of("DestinationRule s: {host: reviews, workloadSelector: {matchLabels: {app: x}}, trafficPolicy: {tls: {mode: ISTIO_MUTUAL}}}").Policy());
        Assert.Null(Compiling.Of("DestinationRule istio-system/s: {host: '*.local', exportTo: [.], workloadSelector: {matchLabels: {app: x}}, trafficPolicy: {tls: {mode: SIMPLE}}}").Policy());
    }

    [Fact]
    [Trait("behaviour", "CP-262")]
    public void AttachedPolicies_ComeAndGo_AndIgnoredOnesAreNotSeen()
    {
        RoutedCluster cluster = new();
        Serve(cluster);
        string Spec(string host) => "},'spec':{'targetRefs':[{'group':'','kind':'Service','name':'cart'}],'validation':{'wellKnownCACertificates':'System','hostname':'" + host + "'}}";
        cluster.Set("BackendTLSPolicy", "apps/old", ",'annotations':{'istio.io/ignore-policy-attachment':'true'}" + Spec("old"), "2025-01-01T00:00:00Z");
        cluster.Set("BackendTLSPolicy", "apps/new", Spec("new"));
        cluster.Take();
        Assert.Equal("new", Tls(cluster)!.Sni);
        Assert.Empty(cluster.Said);
        cluster.Set("BackendTLSPolicy", "apps/new", null);
        Assert.Equal("-DestinationSettings apps/w/apps/cart.apps.svc.cluster.local", cluster.Take());
    }

    private static string Attached(string name, string section, string validation) =>
        $"BackendTLSPolicy {name}: {{targetRefs: [{{group: '', kind: Service, name: reviews{section}}}], validation: {{{validation}}}}}";

    private static UpstreamTls? Tls(RoutedCluster cluster) =>
        ((DestinationSettings)cluster.Resources["DestinationSettings apps/w/apps/cart.apps.svc.cluster.local"]).Policies[0].Policy.Tls;

    private static void Serve(RoutedCluster cluster)
    {
        cluster.Set("Gateway", "apps/w", "},'spec':{'gatewayClassName':'istio-waypoint','listeners':[{'name':'mesh','port':15008,'protocol':'HBONE'}]},'status':{'addresses':[{'type':'IPAddress','value':'10.0.0.9'}]}");
        cluster.Set("Service", "apps/cart", ",'labels':{'istio.io/use-waypoint':'w'}},'spec':{'clusterIP':'10.96.0.1','clusterIPs':['10.96.0.1'],'ports':[{'name':'http','port':80}]}");
    }
}
