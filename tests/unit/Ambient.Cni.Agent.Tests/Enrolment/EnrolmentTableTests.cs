using System.Net;
using Ambient.Cni.Enrolment;
using Ambient.Cni.Enrolment.Pods;
using Ambient.Cni.Enrolment.Selectors;

namespace Ambient.Cni.Agent.Tests.Enrolment;

/// <summary>The table of cni-and-redirection.md 9.1.</summary>
public sealed class EnrolmentTableTests
{
    private const string Mode = EnablementSelector.ModeLabel;

    [Theory]
    [InlineData("ambient", null, null, false, EnrolmentVerdict.Enrol)]
    [InlineData(null, "ambient", null, false, EnrolmentVerdict.Enrol)]
    [InlineData("ambient", "ambient", null, false, EnrolmentVerdict.Enrol)]
    [InlineData(null, null, null, false, EnrolmentVerdict.Leave)]
    [InlineData("ambient", "none", null, false, EnrolmentVerdict.Leave)]
    [InlineData("ambient", null, "test", false, EnrolmentVerdict.Leave)]
    [InlineData(null, "ambient", "test", false, EnrolmentVerdict.Leave)]
    [InlineData("ambient", null, null, true, EnrolmentVerdict.Leave)]
    [InlineData(null, "ambient", null, true, EnrolmentVerdict.Leave)]
    [InlineData("ambient", "something", null, false, EnrolmentVerdict.Enrol)]
    [Trait("behaviour", "CNI-1")]
    [Trait("behaviour", "CNI-2")]
    [Trait("behaviour", "CNI-3")]
    [Trait("behaviour", "CNI-4")]
    [Trait("behaviour", "CNI-5")]
    [Trait("behaviour", "CNI-6")]
    [Trait("behaviour", "CNI-7")]
    [Trait("behaviour", "CNI-8")]
    [Trait("behaviour", "CNI-9")]
    public void Decision_OfLabelsAndSidecar(string? ns, string? pod, string? sidecar, bool hostNetwork, EnrolmentVerdict expected)
    {
        var facts = new PodFacts
        {
            Name = "p",
            Namespace = "n",
            Labels = Map(Mode, pod),
            Annotations = Map(EnrolmentRules.SidecarAnnotation, sidecar),
            HostNetwork = hostNetwork,
        };
        Assert.Equal(expected, EnrolmentRules.Decide(facts, new NamespaceFacts("n", Map(Mode, ns)), new EnrolmentOptions()).Verdict);
    }

    [Fact]
    public void UnknownNamespace_IsNotOutside()
    {
        var pod = new PodFacts { Name = "p", Namespace = "n" };
        Assert.Equal(EnrolmentVerdict.Unknown, EnrolmentRules.Decide(pod, null, new EnrolmentOptions()).Verdict);
        Assert.Equal(EnrolmentVerdict.Unknown, EnrolmentRules.Decide(pod, new NamespaceFacts("other", Map(Mode, "ambient")), new EnrolmentOptions()).Verdict);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("  ", "")]
    [InlineData(",,", "")]
    [InlineData(" kube-system ", "kube-system")]
    [InlineData(",kube-system", "kube-system")]
    [InlineData(" kube-system , istio-system ", "kube-system istio-system")]
    [InlineData("kube-system,,istio-system", "kube-system istio-system")]
    [Trait("behaviour", "CNI-12")]
    [Trait("behaviour", "CNI-13")]
    [Trait("behaviour", "CNI-14")]
    public void ExcludedNamespaces_AreTrimmed(string list, string expected) => Assert.Equal(expected, string.Join(' ', EnrolmentOptions.ParseNamespaces(list)));

    [Fact]
    [Trait("behaviour", "CNI-15")]
    [Trait("behaviour", "CNI-16")]
    [Trait("behaviour", "CNI-17")]
    public void Addresses_ComeFromPodIpsFirst()
    {
        Assert.Equal([IPAddress.Parse("2.2.2.2")], PodAddresses.FromStatus("2.2.2.2", [], out _));
        Assert.Equal([IPAddress.Parse("2.2.2.2"), IPAddress.Parse("3.3.3.3")], PodAddresses.FromStatus("2.2.2.2", ["2.2.2.2", "3.3.3.3"], out _));
        Assert.Empty(PodAddresses.FromStatus(null, [], out _));
        Assert.Equal([IPAddress.Parse("2.2.2.2")], PodAddresses.FromStatus(null, ["10.1", "::ffff:2.2.2.2", "fe80::1%eth0"], out IReadOnlyList<string> refused));
        Assert.Equal(2, refused.Count);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("F", false)]
    [InlineData(null, null)]
    [InlineData("yes", null)]
    [Trait("behaviour", "CNI-18")]
    [Trait("behaviour", "CNI-19")]
    [Trait("behaviour", "CNI-20")]
    public void DnsCapture_IsReadAsGoDoes(string? value, bool? expected)
    {
        PodSettings settings = PodSettings.Read(Map(PodSettings.DnsCaptureAnnotation, value));
        Assert.Equal(expected, settings.DnsCapture);
        Assert.Equal(value == "yes", settings.Warnings.Count == 1);
    }

    [Fact]
    [Trait("behaviour", "CNI-21")]
    public void AllSettings_TogetherAndBadNamesLeftOut()
    {
        PodSettings settings = PodSettings.Read(new Dictionary<string, string>
        {
            [PodSettings.DnsCaptureAnnotation] = "true",
            [PodSettings.BypassInboundAnnotation] = "true",
            [PodSettings.VirtualInterfacesAnnotation] = "en0ps1, en1ps1, a/b, much-too-long-a-name",
        });
        Assert.True(settings is { DnsCapture: true, IngressMode: true });
        Assert.Equal(["en0ps1", "en1ps1"], settings.VirtualInterfaces);
        Assert.Equal(2, settings.Warnings.Count);
    }

    private static Dictionary<string, string> Map(string key, string? value) => value is null ? [] : new Dictionary<string, string> { [key] = value };
}
