using Ambient.Cni.Agent.Zds;

namespace Ambient.Cni.Agent.Tests.Zds;

/// <summary>Random pods, acks and bytes against one conversation: it always ends in agreement or closed, and never throws.</summary>
public sealed class ZdsConversationTests
{
    private static readonly byte[] Hello = [0x08, 0x01], Ack = [0x0a, 0x00];

    [Fact]
    public void RandomChanges_EndInAgreement_WithinTheWindow()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var pods = new Dictionary<string, ZdsPod>();
            var peer = new Dictionary<string, long>();
            var talk = new ZdsConversation(1, new ZdsTimings { Window = 1 + random.Next(5) }, TimeSpan.Zero);
            Assert.True(talk.OnHello(Hello));
            talk.BeginSnapshot([]);
            var sent = new Queue<ZdsSend>();
            for (int step = 0; step < 200; step++)
            {
                string uid = "p" + random.Next(6);
                switch (random.Next(4))
                {
                    case 0:
                        pods[uid] = new ZdsPod(uid, step, "n", "ns", "sa", Ambient.Linux.Namespaces.NetworkNamespace.Open("/proc/self/stat"));
                        talk.Touch(uid);
                        break;
                    case 1:
                        pods.Remove(uid);
                        talk.Touch(uid);
                        break;
                    case 2:
                        Send(talk, pods, sent, step);
                        break;
                    default:
                        Answer(talk, sent, peer, seed);
                        break;
                }
            }

            while (talk.HasQueued || sent.Count > 0)
            {
                Send(talk, pods, sent, 200);
                Answer(talk, sent, peer, seed);
            }

            Assert.True(
                pods.Count == peer.Count && pods.All(p => peer.GetValueOrDefault(p.Key, -1) == p.Value.Generation),
                $"seed {seed}: the peer has {string.Join(",", peer)}, the pods are {string.Join(",", pods.Values.Select(p => p.Uid + ":" + p.Generation))}");
        }
    }

    [Fact]
    public void RandomBytes_NeverThrow_AndNeverProveAnything()
    {
        for (int seed = 0; seed < 5000; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            var talk = new ZdsConversation(1, new ZdsTimings(), TimeSpan.Zero);
            if (talk.OnHello(bytes))
            {
                continue;
            }

            Assert.Equal(ZdsPhase.Closed, talk.Phase);
            var other = new ZdsConversation(1, new ZdsTimings(), TimeSpan.Zero);
            other.OnHello(Hello);
            Assert.False(other.OnAck(bytes, out ZdsSend? answered, out _), $"seed {seed}");
            Assert.Null(answered);
        }
    }

    [Fact]
    public void OldestMessageDecides_WhenTheConversationIsGivenUp()
    {
        var talk = new ZdsConversation(1, new ZdsTimings { Ack = TimeSpan.FromSeconds(5) }, TimeSpan.Zero);
        Assert.Equal(TimeSpan.FromSeconds(5), talk.Deadline);
        talk.OnHello(Hello);
        Assert.Null(talk.Deadline);
        talk.BeginSnapshot([]);
        talk.OnSent(talk.Next(new Dictionary<string, ZdsPod>())!, TimeSpan.FromSeconds(2));
        Assert.True(talk.OnTime(TimeSpan.FromSeconds(6.9)));
        Assert.False(talk.OnTime(TimeSpan.FromSeconds(7)));
        Assert.Contains("was not acknowledged within 5 s", talk.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusedSnapshot_EndsTheConversation()
    {
        var talk = new ZdsConversation(1, new ZdsTimings(), TimeSpan.Zero);
        talk.OnHello(Hello);
        talk.BeginSnapshot([]);
        talk.OnSent(talk.Next(new Dictionary<string, ZdsPod>())!, TimeSpan.Zero);
        Assert.False(talk.OnAck([0x0a, 0x04, 0x0a, 0x02, (byte)'n', (byte)'o'], out _, out _));
    }

    private static void Send(ZdsConversation talk, Dictionary<string, ZdsPod> pods, Queue<ZdsSend> sent, int now)
    {
        if (talk.Next(pods) is { } send)
        {
            talk.OnSent(send, TimeSpan.FromMilliseconds(now));
            sent.Enqueue(send);
        }
    }

    private static void Answer(ZdsConversation talk, Queue<ZdsSend> sent, Dictionary<string, long> peer, int seed)
    {
        if (!sent.TryDequeue(out ZdsSend? oldest))
        {
            return;
        }

        Assert.True(talk.OnAck(Ack, out ZdsSend? answered, out _), $"seed {seed}: {talk.Reason}");
        Assert.Same(oldest, answered);
        switch (oldest.Kind)
        {
            case ZdsSendKind.Add:
                peer[oldest.Uid] = oldest.Pod!.Generation;
                break;
            case ZdsSendKind.Delete:
                peer.Remove(oldest.Uid);
                break;
            default:
                break;
        }
    }
}
