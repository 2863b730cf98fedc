namespace Ambient.ControlPlane.Discovery.Tests.Clusters;

/// <summary>Whatever came in which order: the mesh is what a fresh start makes of it.</summary>
public sealed class MergeOrderTests
{
    private static readonly string[] Networks = ["testnetwork", "n1", "n2"];
    private static readonly string[] Ids = ["cluster0", "c1", "c2", "c3"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AnySequence_EndsLikeAFreshStart(int seed)
    {
        for (int round = 0; round < 40; round++)
        {
            var random = new Random((seed * 1000) + round);
            var stepwise = new ClusterSet();
            var state = new SortedDictionary<string, Dictionary<string, Action<Cluster>>>(StringComparer.Ordinal) { ["cluster0"] = [] };
            for (int step = 0; step < 70; step++)
            {
                string id = Ids[random.Next(Ids.Length)];
                if (id != "cluster0" && random.Next(12) == 0)
                {
                    state.Remove(id);
                    stepwise.Leave(id);
                }
                else
                {
                    (string name, Action<Cluster> change) = Any(random);
                    state.TryAdd(id, []);
                    state[id][name] = change;
                    change(id == "cluster0" ? stepwise.Own : stepwise.RemoteOf(id, ""));
                }

                if (random.Next(15) == 0)
                {
                    stepwise.Reconnect(id);
                    if (id != "cluster0" && state.TryGetValue(id, out Dictionary<string, Action<Cluster>>? objects))
                    {
                        stepwise.RemoteOf(id, "").Index.MarkEverything();
                        stepwise.Flush();
                        Replay(stepwise, id, objects);
                    }
                }

                if (random.Next(3) > 0)
                {
                    stepwise.Flush();
                }
            }

            var fresh = new ClusterSet();
            foreach ((string id, Dictionary<string, Action<Cluster>> wanted) in state.OrderBy(_ => random.Next()))
            {
                Cluster cluster = id == "cluster0" ? fresh.Own : fresh.Remote(id, "");
                foreach (Action<Cluster> change in wanted.Values.OrderBy(_ => random.Next()))
                {
                    change(cluster);
                }
            }

            string expected = fresh.Text(), actual = stepwise.Text();
            Assert.True(expected == actual, $"seed {seed}, round {round}:\n{Difference(expected, actual)}");
        }
    }

    /// <summary>A new connection: its index begins empty and hears everything again.</summary>
    private static void Replay(ClusterSet set, string id, Dictionary<string, Action<Cluster>> objects)
    {
        set.Reconnect(id);
        Cluster again = set.Remote(id, "");
        foreach (Action<Cluster> change in objects.Values)
        {
            change(again);
        }
    }

    private static (string Name, Action<Cluster> Change) Any(Random random)
    {
        int number = random.Next(3);
        string name = "o" + number;
        bool isGone = random.Next(4) == 0;
        string labels = random.Next(3) switch { 0 => "{}", 1 => """{"istio.io/global":"true"}""", _ => """{"istio.io/global":"true","istio.io/use-waypoint":"wp"}""" };
        int other = random.Next(3);
        switch (random.Next(9))
        {
            case 0 or 1:
                string captured = random.Next(4) == 0 ? "{}" : """{"ambient.istio.io/redirection":"enabled"}""";
                bool isReady = random.Next(3) > 0;
                return ("pod " + name, cluster => Do(isGone, () => cluster.NoPod(name), () => cluster.Pod(name, "10.0.0." + other, $$"""{"app":"a{{other}}"}""", captured, spec: $$"""{"serviceAccountName":"sa{{other}}"}""", isReady: isReady)));
            case 2 or 3:
                return ("service " + name, cluster => Do(isGone, () => cluster.NoService(name), () => cluster.Service(name, $$$"""{"clusterIP":"10.1.0.{{{other}}}","selector":{"app":"a{{{number}}}"},"ports":[{"port":{{{80 + other}}}}]}""", labels)));
            case 4:
                string network = Networks[random.Next(3)];
                return ("network", cluster => cluster.Namespace("istio-system", ClusterSet.Network(network)));
            case 5:
                return ("gateway ew" + number, cluster => Do(isGone, () => cluster.NoGateway("ew" + number), () => cluster.Gateway("ew" + number, "172.0.0." + other, spec: """{"gatewayClassName":"istio-east-west","listeners":[{"port":15008,"protocol":"HBONE"}]}""")));
            case 8:
                string ns = "ns" + number;
                return ("entry " + ns, cluster => Do(isGone, () => cluster.NoServiceEntry("e", ns), () => cluster.ServiceEntry("e", """{"hosts":["o0.ns1.svc.company.com","example.com"],"ports":[{"number":80,"protocol":"TCP"}],"resolution":"STATIC"}""", labels, ns)));
            case 6:
                return ("gateway wp", cluster => Do(isGone, () => cluster.NoGateway("wp"), () => cluster.Gateway("wp", "10.9.0.1", spec: """{"gatewayClassName":"istio-waypoint","listeners":[{"port":15008,"protocol":"HBONE"}]}""")));
            default:
                return ("service wp", cluster => Do(isGone, () => cluster.NoService("wp"), () => cluster.Service("wp", """{"clusterIP":"10.9.0.1","ports":[{"port":15008}]}""", """{"gateway.networking.k8s.io/gateway-name":"wp","istio.io/global":"true"}""")));
        }
    }

    private static void Do(bool isGone, Action remove, Action set) => (isGone ? remove : set)();

    private static string Difference(string expected, string actual)
    {
        string[] one = expected.Split('\n'), two = actual.Split('\n');
        return string.Join('\n', one.Except(two).Select(static line => "missing " + line).Concat(two.Except(one).Select(static line => "surplus " + line)));
    }
}
