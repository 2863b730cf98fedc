using System.Text;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Coordination;
using Ambient.Kubernetes.Resources.Gateways;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Services;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Kubernetes.Tests.Resources;

public sealed class ResourceJsonTests
{
    [Fact]
    public void NullsAndAbsences_AreEmpty_NeverNull()
    {
        Pod pod = Read(KnownResources.Pods, """{"metadata":{"name":"a","labels":null,"annotations":{"x":null}},"spec":{"containers":null,"nodeName":null},"status":null}""");
        Assert.Equal((0, "", 0, "", ""), (pod.Metadata.Labels.Count, pod.Metadata.Annotations["x"], pod.Spec.Containers.Count, pod.Spec.NodeName, pod.Status.Phase));
        pod = Read(KnownResources.Pods, "{}");
        Assert.Equal(("", 0, "", 0), (pod.Metadata.Name, pod.Metadata.Labels.Count, pod.Spec.ServiceAccountName, pod.Status.PodIPs.Count));
        PeerAuthentication peers = Read(KnownResources.PeerAuthentications, """{"spec":{"portLevelMtls":{"81":{"mode":"STRICT"}}},"status":7}""");
        Assert.Equal(("STRICT", null), (peers.Spec.PortLevelMtls["81"]!.Mode, peers.Spec.Mtls));
        Assert.Empty(Read(KnownResources.WorkloadEntries, """{"spec":{"ports":null}}""").Spec.Ports);
        Assert.Empty(Read(KnownResources.PeerAuthentications, """{}""").Spec.PortLevelMtls);
    }

    [Fact]
    public void Objects_AreReadAsServersWriteThem()
    {
        Pod pod = Read(KnownResources.Pods, """
            {"metadata":{"name":"a","namespace":"n","ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"a-5d","uid":"u","controller":true}],"creationTimestamp":"2030-01-02T03:04:05Z"},
             "spec":{"hostNetwork":true,"initContainers":[{"name":"s","restartPolicy":"Always","ports":[{"containerPort":9,"name":"p"}]}],
                     "containers":[{"readinessProbe":{"httpGet":{"port":"web","path":"/"}},"livenessProbe":{"grpc":{"port":7}}}]},
             "status":{"podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],"conditions":[{"type":"Ready","status":"True","lastTransitionTime":null}]}}
            """);
        Assert.Equal((true, 9, "web", 7, "fd00::1", "Ready"), (pod.Spec.HostNetwork, pod.Spec.InitContainers[0].Ports[0].Port, pod.Spec.Containers[0].ReadinessProbe!.HttpGet!.Port.Name,
            pod.Spec.Containers[0].LivenessProbe!.Grpc!.Port.Number, pod.Status.PodIPs[1].Ip, pod.Status.Conditions[0].Type));
        Assert.Equal(("ReplicaSet", true, 2030), (pod.Metadata.OwnerReferences[0].Kind, pod.Metadata.OwnerReferences[0].Controller, pod.Metadata.CreationTimestamp!.Value.Year));

        Service service = Read(KnownResources.Services, """{"spec":{"clusterIP":"None","clusterIPs":["None"],"ports":[{"port":80,"targetPort":"http","appProtocol":"kubernetes.io/h2c"},{"port":81,"targetPort":8081},{"port":82}],"ipFamilies":["IPv4"]}}""");
        Assert.Equal(["http", "8081", ""], service.Spec.Ports.Select(p => p.TargetPort.ToString()));
        Assert.True(service.Spec.Ports[2].TargetPort.IsAbsent);

        AuthorizationPolicy policy = Read(KnownResources.AuthorizationPolicies, """
            {"spec":{"selector":{"matchLabels":{"app":"a"}},"targetRefs":[{"kind":"Gateway","group":"gateway.networking.k8s.io","name":"w"}],"action":"DENY",
             "rules":[{"from":[{"source":{"principals":["*"],"notIpBlocks":["10.0.0.0/8"]}}],"to":[{"operation":{"ports":["80"]}}],"when":[{"key":"source.namespace","notValues":["x"]}]}]}}
            """);
        Assert.Equal(("DENY", "a", "w", "*", "80", "x"), (policy.Spec.Action, policy.Spec.Selector!.MatchLabels["app"], policy.Spec.TargetRefs[0].Name,
            policy.Spec.Rules[0].From[0].Source!.Principals[0], policy.Spec.Rules[0].To[0].Operation!.Ports[0], policy.Spec.Rules[0].When[0].NotValues[0]));

        Gateway gateway = Read(KnownResources.Gateways, """{"spec":{"gatewayClassName":"istio-waypoint","listeners":[{"name":"mesh","port":15008,"protocol":"HBONE","allowedRoutes":{"namespaces":{"from":"Selector","selector":{"matchExpressions":[{"key":"a","operator":"Exists"}]}}}}]}}""");
        Assert.True(gateway.Spec.Listeners[0].AllowedRoutes!.Namespaces!.Selector!.Matches(StringMap.Of(("a", ""))));
    }

    [Theory]
    [InlineData("""{"metadata":{"name":5}}""", "metadata.name: is not a text (put it in quotes)")]
    [InlineData("""{"metadata":{"labels":{"a":true}}}""", "metadata.labels: a is not a text (put it in quotes)")]
    [InlineData("""{"spec":{"containers":{}}}""", "spec.containers: is not a list")]
    [InlineData("""{"spec":{"containers":[{"ports":[{"containerPort":"x"}]}]}}""", "spec.containers[0].ports[0].containerPort: is not a number")]
    [InlineData("""{"spec":{"containers":[{"ports":[{"containerPort":99999999999}]}]}}""", "spec.containers[0].ports[0].containerPort: is out of range or of another form than it should be")]
    [InlineData("""{"spec":[]}""", "spec: is not an object")]
    [InlineData("""{"metadata":{"creationTimestamp":"yesterday"}}""", "metadata.creationTimestamp: is not a time such as 2030-01-02T03:04:05Z")]
    [InlineData("null", "is null, not an object")]
    public void WrongField_IsNamed_InWordsOfTheApi(string json, string expected)
    {
        Assert.False(KnownResources.Pods.TryRead(Encoding.UTF8.GetBytes(json), out _, out ReadProblem? problem));
        Assert.Equal(expected, problem.ToString());
    }

    [Fact]
    public void ForeignBytes_NeverThrow()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        byte[] good = Encoding.UTF8.GetBytes("""{"metadata":{"name":"a","labels":{"a":"b"},"creationTimestamp":"2030-01-02T03:04:05Z"},"spec":{"containers":[{"ports":[{"containerPort":80}],"readinessProbe":{"httpGet":{"port":"x"}}}]},"data":{"k":"aGV5"}}""");
        for (int round = 0; round < 3000; round++)
        {
            byte[] bytes = [.. good];
            for (int change = random.Next(1, 5); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            foreach (ResourceType type in (ResourceType[])[KnownResources.Pods, KnownResources.Secrets])
            {
                try
                {
                    type.TryReadAny(bytes, out _, out _);
                }
                catch (Exception e)
                {
                    Assert.Fail($"seed {seed}, round {round}, {type}: {e}");
                }
            }
        }
    }

    [Fact]
    public void Lease_IsWritten_AsTheServerParsesIt()
    {
        var lease = new Lease
        {
            Metadata = new ObjectMeta { Name = "l", Namespace = "n", ResourceVersion = "7" },
            Spec = new LeaseSpec { HolderIdentity = "me", LeaseDurationSeconds = 15, RenewTime = new DateTimeOffset(2030, 1, 2, 3, 4, 5, 678, TimeSpan.FromHours(1)) },
        };
        Assert.Equal(
            """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l","namespace":"n","resourceVersion":"7","generation":0},"spec":{"holderIdentity":"me","leaseDurationSeconds":15,"renewTime":"2030-01-02T02:04:05.678000Z"}}""",
            Encoding.UTF8.GetString(KnownResources.Leases.Write(lease, "v1")));
    }

    [Fact]
    public void TextsThatComeAgain_AreTheSameString()
    {
        const string Json = """{"metadata":{"name":"a","namespace":"some-namespace","labels":{"app.kubernetes.io/name":"x"}},"spec":{"nodeName":"node-17"}}""";
        Pod one = Read(KnownResources.Pods, Json), two = Read(KnownResources.Pods, Json);
        Assert.Same(one.Metadata.Namespace, two.Metadata.Namespace);
        Assert.Same(one.Spec.NodeName, two.Spec.NodeName);
        Assert.Same(one.Metadata.Labels.Keys.Single(), two.Metadata.Labels.Keys.Single());
        Assert.Equal(one.Metadata.Labels, two.Metadata.Labels);
    }

    [Fact]
    public void Pod_IsSmall_ForThereAreAHundredThousand()
    {
        const int Pods = 2000;
        byte[][] texts = [.. Enumerable.Range(0, Pods).Select(i => Encoding.UTF8.GetBytes($$$"""
            {"metadata":{"name":"shop-frontend-5d8f7c9b6-{{{i:x5}}}","namespace":"shop-{{{i % 50}}}","uid":"6f1c2a34-0000-4000-8000-{{{i:x12}}}","resourceVersion":"{{{i + 100_000}}}","creationTimestamp":"2030-01-02T03:04:05Z",
            "labels":{"app":"shop","app.kubernetes.io/name":"frontend","pod-template-hash":"5d8f7c9b6","version":"v1"},"annotations":{"ambient.istio.io/redirection":"enabled"},
            "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"shop-frontend-5d8f7c9b6","uid":"0a1c2a34-0000-4000-8000-00000000000{{{i % 10}}}","controller":true,"blockOwnerDeletion":true}]},
            "spec":{"nodeName":"node-{{{i % 100}}}","serviceAccountName":"frontend","containers":[{"name":"app","image":"x","ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}],"readinessProbe":{"httpGet":{"port":"http"}},"env":[{"name":"A","value":"b"}]}]},
            "status":{"phase":"Running","podIP":"10.0.{{{i / 256}}}.{{{i % 256}}}","podIPs":[{"ip":"10.0.{{{i / 256}}}.{{{i % 256}}}"}],"hostIP":"192.168.0.{{{i % 100}}}","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2030-01-02T03:04:05Z"}]}}
            """))];
        Pod[] pods = new Pod[Pods];
        pods[0] = Read(KnownResources.Pods, Encoding.UTF8.GetString(texts[0]));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Pods; i++)
        {
            Assert.True(KnownResources.Pods.TryRead(texts[i], out Pod? pod, out _));
            pods[i] = pod;
        }

        long bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / Pods;
        GC.KeepAlive(pods);
        Assert.InRange(bytes, 500, 6000);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("app=a", true)]
    [InlineData("app==a,tier!=back", true)]
    [InlineData("app!=a", false)]
    [InlineData("app in (b, a),!gone", true)]
    [InlineData("app notin (a,b)", false)]
    [InlineData("gone notin (a)", true)]
    [InlineData("app,tier", true)]
    [InlineData("gone", false)]
    [InlineData("!app", false)]
    [InlineData("app=", false)]
    public void LabelSelector_ChoosesAsServersDo(string text, bool expected)
    {
        Assert.True(LabelSelector.TryParse(text, out LabelSelector? selector, out _));
        Assert.Equal(expected, selector.Matches(StringMap.Of(("app", "a"), ("tier", "front"))));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a within (b)")]
    [InlineData("a in (b")]
    [InlineData("!")]
    public void LabelSelector_ThatIsNotUnderstood_IsRefused(string text)
    {
        Assert.False(LabelSelector.TryParse(text, out _, out string? error));
        Assert.Contains("not understood", error, StringComparison.Ordinal);
    }

    private static T Read<T>(ResourceType<T> type, string json)
        where T : Resource
    {
        Assert.True(type.TryRead(Encoding.UTF8.GetBytes(json), out T? resource, out ReadProblem? problem), problem?.ToString());
        return resource;
    }
}
