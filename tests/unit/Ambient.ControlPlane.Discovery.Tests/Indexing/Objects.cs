namespace Ambient.ControlPlane.Discovery.Tests.Indexing;

/// <summary>Random objects of all kinds, few names, so that they meet.</summary>
internal static class Objects
{
    private static readonly string[] Modes = ["STRICT", "PERMISSIVE", "UNSET", "DISABLE"];

    public static (string Name, Action<Cluster> Set, Action<Cluster> Remove) Any(Random random)
    {
        string app = "a" + random.Next(3);
        string labels = $$"""{"app":"{{app}}"{{Waypoint(random)}}}""";
        string name = "o" + random.Next(4);
        string mode = Modes[random.Next(4)];
        string other = Modes[random.Next(4)];
        int number = random.Next(3);
        string selector = random.Next(3) == 0 ? "" : $$$""","selector":{"matchLabels":{"app":"{{{app}}}"}}""";
        string ns = random.Next(4) == 0 ? "istio-system" : "ns1";
        switch (random.Next(12))
        {
            case 0 or 1:
                return ("pod " + name, cluster => cluster.Pod(name, "10.0.0." + number, labels, spec: $$"""{"nodeName":"n{{number}}"}"""), cluster => cluster.NoPod(name));
            case 2:
                return ("service " + name, cluster => cluster.Service(name, $$$"""{"clusterIP":"10.1.0.{{{number}}}","selector":{"app":"{{{app}}}"},"ports":[{"port":{{{80 + number}}}}]}""", labels), cluster => cluster.NoService(name));
            case 3:
                string hosts = random.Next(2) == 0 ? "\"h1\"" : "\"h1\",\"h2\"";
                string endpoints = random.Next(2) == 0 ? "" : $$""","endpoints":[{"address":"10.2.0.{{number}}"}]""";
                return ("entry " + name, cluster => cluster.ServiceEntry(name, $$"""{"hosts":[{{hosts}}],"resolution":"DNS"{{endpoints}}}""", labels, created: $"2030-01-01T00:00:0{number}Z"), cluster => cluster.NoServiceEntry(name));
            case 4:
                return ($"policy {ns} {name}", cluster => cluster.Authorization(name, $$$"""{"action":"{{{(number == 0 ? "DENY" : number == 1 ? "ALLOW" : "AUDIT")}}}"{{{selector}}}}""", ns), cluster => cluster.NoAuthorization(name, ns));
            case 5 or 6:
                return (
                    $"peer {ns} {name}",
                    cluster => cluster.Peer(name, $$$"""{"mtls":{"mode":"{{{mode}}}"},"portLevelMtls":{"9090":{"mode":"{{{other}}}"}}{{{selector}}}}""", ns, $"2030-01-01T00:00:0{number}Z"),
                    cluster => cluster.NoPeer(name, ns));
            case 7:
                return ("gateway wp" + number, cluster => cluster.Gateway("wp" + number, "10.9.0." + number, """{"istio.io/waypoint-for":"all"}"""), cluster => cluster.NoGateway("wp" + number));
            case 8:
                string ofNamespace = Waypoint(random);
                return ("namespace", cluster => cluster.Namespace("ns1", $$"""{"x":"y"{{ofNamespace}}}"""), cluster => cluster.Namespace("ns1"));
            case 9:
                string about = random.Next(2) == 0 ? $$"""{"kind":"Service","name":"o{{number}}"}""" : $$"""{"kind":"Gateway","group":"gateway.networking.k8s.io","name":"wp{{number}}"}""";
                return ("http policy " + name, cluster => cluster.Authorization("h" + name, $$$"""{"action":"DENY","targetRefs":[{{{about}}}],"rules":[{"to":[{"operation":{"methods":["PUT"]}}]}]}"""), cluster => cluster.NoAuthorization("h" + name));
            case 10:
                return (
                    "tokens",
                    cluster => cluster.Set(Kubernetes.Resources.KnownResources.RequestAuthentications, $$$"""{"metadata":{"name":"t","namespace":"ns1"},"spec":{"targetRefs":[{"kind":"ServiceEntry","group":"networking.istio.io","name":"o{{{number}}}"}]}}""", cluster.Index.SetRequestAuthentication),
                    cluster => cluster.Index.SetRequestAuthentication(new Kubernetes.Resources.ResourceKey("ns1", "t"), null));
            default:
                string target = random.Next(2) == 0 ? "" : $$""","targetRef":{"kind":"Pod","name":"o{{random.Next(4)}}"}""";
                return (
                    "slice",
                    cluster => cluster.Slice("slice", $$$"""{"metadata":{"name":"slice","namespace":"ns1","labels":{"kubernetes.io/service-name":"{{{name}}}"}},"addressType":"IPv4","endpoints":[{"addresses":["10.3.0.1"]{{{target}}}}]}"""),
                    cluster => cluster.Index.SetEndpointSlice(new Kubernetes.Resources.ResourceKey("ns1", "slice"), null));
        }
    }

    private static string Waypoint(Random random) => random.Next(3) switch
    {
        0 => "",
        1 => ",\"istio.io/use-waypoint\":\"none\"",
        _ => $",\"istio.io/use-waypoint\":\"wp{random.Next(3)}\"",
    };
}
