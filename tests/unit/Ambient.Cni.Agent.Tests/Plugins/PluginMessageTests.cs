using System.Text;
using Ambient.Cni.Enrolment.Wire;

namespace Ambient.Cni.Agent.Tests.Plugins;

public sealed class PluginMessageTests
{
    private const string Upstream = """{"Netns":"/var/run/netns/cni-1","PodName":"p","PodNamespace":"n","IPs":[{"Interface":0,"Address":{"IP":"10.0.0.2","Mask":"////AA=="},"Gateway":""},{"Address":{"IP":"::ffff:10.0.0.3","Mask":""}}]}""";

    [Fact]
    [Trait("behaviour", "CNI-43")]
    [Trait("behaviour", "CNI-96")]
    public void UpstreamsEvent_IsRead_AndTrailingJunkIsNot()
    {
        Assert.True(Read(Upstream, out PluginMessage? message, out _));
        Assert.Equal(("/var/run/netns/cni-1", "p", "n", "10.0.0.2 10.0.0.3", false), (message!.NetworkPath, message.PodName, message.PodNamespace, string.Join(' ', message.Addresses), message.Asks));
        Assert.False(Read(Upstream + "x", out _, out string? error));
        Assert.Contains("not JSON", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"netns":"/a","podname":"p","PODNAMESPACE":"n","PodUID":"u","Ask":true,"guardraised":true}""", null)]
    [InlineData("""{"Netns":5}""", "Netns")]
    [InlineData("""{"IPs":{}}""", "IPs")]
    [InlineData("""{"IPs":[{}]}""", "IPs[].Address.IP")]
    [InlineData("""{"IPs":[{"Address":{"IP":"10.0"}}]}""", "IPs[].Address.IP")]
    [InlineData("""[]""", "object")]
    [InlineData("", "not JSON")]
    [InlineData("null", "object")]
    [InlineData("""{"PodName":"\ud800"}""", "Unicode")]
    [InlineData("""{"IPs":null}""", null)]
    public void Keys_AreMatchedWithoutCase_AndErrorsNameThem(string text, string? expected)
    {
        Assert.Equal(expected is null, Read(text, out _, out string? error));
        Assert.True(expected is null || error!.Contains(expected, StringComparison.Ordinal), error);
    }

    [Fact]
    public void MutatedBytes_NeverThrow()
    {
        for (int seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = Encoding.UTF8.GetBytes(Upstream);
            for (int i = 0; i < 1 + random.Next(4); i++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bool isRead = PluginMessage.TryRead(bytes.AsMemory(0, random.Next(bytes.Length + 1)), out PluginMessage? message, out string? error);
            Assert.True(isRead ? message is not null : error is not null, $"seed {seed}");
        }
    }

    private static bool Read(string text, out PluginMessage? message, out string? error) => PluginMessage.TryRead(Encoding.UTF8.GetBytes(text), out message, out error);
}
