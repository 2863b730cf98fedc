using System.Text;
using Ambient.Cni.Enrolment.Wire;
using Ambient.Cni.Plugin.Agents;

namespace Ambient.Cni.Plugin.Tests.Agents;

public sealed class AgentAnswerTests
{
    private const string Whole = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 35\r\n\r\n{\"verdict\":\"enrolled\",\"text\":\"abc\"}";

    [Fact]
    public void Prefixes_AreIncomplete_AndTheWholeIsAnAnswer()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Whole);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.True(AgentAnswer.TryRead(bytes.AsSpan(0, length), out AgentAnswer? part, out string? error), error);
            Assert.Null(part);
        }

        Assert.True(AgentAnswer.TryRead(bytes, out AgentAnswer? answer, out _));
        Assert.Equal(200, answer!.Status);
        Assert.True(PluginVerdict.TryRead(answer.Body, out PluginVerdict? verdict, out _));
        Assert.Equal(new PluginVerdict("enrolled", "abc"), verdict);
    }

    [Fact]
    public void Verdicts_SurviveTheWire()
    {
        string[] texts = ["", "plain", "a \"quoted\" line\nand another", "ümläut \u2028 \ud83d\ude00", new string('x', 30_000)];
        Assert.All(texts, t =>
        {
            Assert.True(PluginVerdict.TryRead(Encoding.UTF8.GetBytes(new PluginVerdict("outside", t).ToJson()), out PluginVerdict? read, out string? error), error);
            Assert.Equal(t, read!.Text);
        });
    }

    [Fact]
    public void Messages_SurviveTheWire()
    {
        var message = new PluginMessage("/run/netns/x", "pod", "ns", [System.Net.IPAddress.Parse("10.0.0.1"), System.Net.IPAddress.Parse("fd00::1")], "uid", GuardRaised: true, Asks: true);
        Assert.True(PluginMessage.TryRead(message.ToJson(), out PluginMessage? read, out string? error), error);
        Assert.Equal(message with { Addresses = [] }, read! with { Addresses = [] });
        Assert.Equal(message.Addresses, read.Addresses);
    }

    [Fact]
    public void MutatedAnswers_NeverThrow_AndOnlyGiveWhatTheyHold()
    {
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = Encoding.UTF8.GetBytes(Whole);
            for (int i = 0; i < 1 + random.Next(4); i++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            bool isRead = AgentAnswer.TryRead(bytes, out AgentAnswer? answer, out string? error);
            Assert.True(isRead == (error is null), $"seed {seed}");
            if (answer is not null)
            {
                _ = answer.Text;
                bool isVerdict = PluginVerdict.TryRead(answer.Body, out PluginVerdict? verdict, out string? wrong);
                Assert.True(isVerdict ? verdict is not null : wrong is not null, $"seed {seed}");
            }
        }
    }
}
