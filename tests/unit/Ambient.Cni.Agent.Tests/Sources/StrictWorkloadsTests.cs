using Ambient.Cni.Agent.Sources;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Istio;
using Ambient.Kubernetes.Resources.Workloads;

namespace Ambient.Cni.Agent.Tests.Sources;

public sealed class StrictWorkloadsTests
{
    private static readonly Pod Web = new() { Metadata = new ObjectMeta { Name = "web", Namespace = "shop", Labels = Map("app", "web") } };

    [Theory]
    [InlineData("", false)]
    [InlineData("root:STRICT", true)]
    [InlineData("root:PERMISSIVE", false)]
    [InlineData("other:STRICT", false)]
    [InlineData("root:STRICT shop:PERMISSIVE", false)]
    [InlineData("root:PERMISSIVE shop:STRICT", true)]
    [InlineData("root:STRICT shop:UNSET", true)]
    [InlineData("shop:STRICT shop/app=web:DISABLE", false)]
    [InlineData("shop/app=db:STRICT", false)]
    [InlineData("shop/app=web:STRICT shop/app=web:PERMISSIVE", true)]
    [InlineData("root/app=web:STRICT", false)]
    [InlineData("shop:NEWMODE", true)]
    [InlineData("shop/app=web:PERMISSIVE#STRICT", true)]
    public void NarrowestWins_DoubtIsStrict(string policies, bool strict) =>
        Assert.Equal(strict, StrictWorkloads.IsStrict(policies.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Policy), "root", Web));

    private static PeerAuthentication Policy(string text)
    {
        string[] parts = text.Split(':'), place = parts[0].Split('/'), modes = parts[1].Split('#');
        return new PeerAuthentication
        {
            Metadata = new ObjectMeta { Name = text, Namespace = place[0] },
            Spec = new PeerAuthenticationSpec
            {
                Selector = place.Length > 1 ? new WorkloadSelector { MatchLabels = Map(place[1].Split('=')[0], place[1].Split('=')[1]) } : null,
                Mtls = new MutualTls { Mode = modes[0] },
                PortLevelMtls = modes.Length > 1 ? new Dictionary<string, MutualTls?> { ["80"] = new() { Mode = modes[1] } } : new Dictionary<string, MutualTls?>(),
            },
        };
    }

    private static StringMap Map(string key, string value) => StringMap.Of((key, value));
}
