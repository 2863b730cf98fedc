using System.Collections.Concurrent;
using Ambient.Linux.Descriptors;
using Ambient.Linux.Sockets;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Ztunnel.Pods;

namespace Ambient.Ztunnel.Tests.Pods;

/// <summary>The client against a small agent over a real socket. Ordinary files stand for namespaces: only their identity is asked.</summary>
public sealed class ZdsClientTests : IDisposable
{
    private const string PodA = "/proc/self/stat", PodB = "/proc/self/status";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private readonly TestAgent _agent = new();
    private readonly FakeProxies _proxies = new();
    private readonly PodMetrics _metrics = new(new MetricRegistry());
    private readonly LogHub _log = LogHub.Discarding();
    private readonly BlockingCollection<bool> _readiness = [];
    private readonly BlockingCollection<string> _violations = [];
    private readonly PodTable _table;
    private readonly ZdsClient _client;

    public ZdsClientTests()
    {
        _table = new PodTable(_proxies, _metrics, _log.For("test"));
        var options = new ZdsClientOptions { Path = _agent.Path, RetryInterval = TimeSpan.FromMilliseconds(30) };
        _client = new ZdsClient(options, _table, _log.For("test"), _readiness.Add, _violations.Add);
        _client.Start();
    }

    public void Dispose()
    {
        _client.Dispose();
        _agent.Dispose();
        _readiness.Dispose();
        _violations.Dispose();
        _log.Dispose();
    }

    [Fact]
    [Trait("behaviour", "ZT-251")]
    public void TwoConnections_ProxiesSurvive_AndTheSnapshotReconciles()
    {
        using (PacketSocket first = _agent.AcceptHello())
        {
            Assert.Equal("", TestAgent.Exchange(first, ZdsPackets.Add("A"), PodA));
            Assert.Equal("", TestAgent.Exchange(first, ZdsPackets.Add("B"), PodB));
            Assert.Equal("", TestAgent.Exchange(first, ZdsPackets.Snapshot));
            Assert.True(Ready());
            Assert.Equal(2, _table.RunningCount);
        }

        Assert.False(Ready());
        using PacketSocket second = _agent.AcceptHello();
        Assert.Equal(2, _table.RunningCount);
        Assert.Equal("", TestAgent.Exchange(second, ZdsPackets.Add("B"), PodB));
        Assert.Equal("", TestAgent.Exchange(second, ZdsPackets.Snapshot));
        Assert.True(Ready());
        Assert.Equal(["start A", "start B", "stop A"], _proxies.Log);
        Assert.Equal(1, _metrics.Active.Value);
    }

    [Fact]
    [Trait("behaviour", "ZT-247")]
    [Trait("behaviour", "CNI-202")]
    public void EndOfStream_WithoutSnapshot_IsNeverReady()
    {
        using (PacketSocket first = _agent.AcceptHello())
        {
            Assert.Equal("", TestAgent.Exchange(first, ZdsPackets.Add("A"), PodA));
        }

        using PacketSocket second = _agent.AcceptHello();
        Assert.Empty(_readiness);
    }

    [Fact]
    [Trait("behaviour", "ZT-248")]
    [Trait("behaviour", "CNI-201")]
    public void AgentThatClosesAtOnce_IsCalledAgain_AndNothingGetsReady()
    {
        for (int i = 0; i < 4; i++)
        {
            _agent.Accept().Dispose();
        }

        using PacketSocket connection = _agent.Accept();
        Assert.Empty(_readiness);
    }

    [Fact]
    [Trait("behaviour", "ZT-243")]
    [Trait("behaviour", "CNI-196")]
    [Trait("behaviour", "ZT-249")]
    [Trait("behaviour", "CNI-203")]
    public void FailedStart_IsAckedAsError_AndRetriedByItself()
    {
        _proxies.Obstacles["A"] = "port 15008 is in use";
        using PacketSocket connection = _agent.AcceptHello();
        Assert.Equal("failure to start proxy : port 15008 is in use", TestAgent.Exchange(connection, ZdsPackets.Add("A"), PodA));
        Assert.Equal("", TestAgent.Exchange(connection, ZdsPackets.Snapshot));
        Assert.Empty(_readiness);
        _proxies.Obstacles.Clear();
        Assert.True(Ready());
        Assert.Equal((1L, 0L), (_metrics.Active.Value, _metrics.Pending.Value));
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("long")]
    [InlineData("no-descriptor")]
    [InlineData("stray-descriptor")]
    [InlineData("two-descriptors")]
    [InlineData("empty-oneof")]
    [Trait("behaviour", "CNI-205")]
    public void UnreadableMessage_IsAckedAsError_AndTheConnectionIsMadeAnew(string kind)
    {
        using PacketSocket connection = _agent.AcceptHello();
        using FileDescriptor file = FileDescriptor.OpenRead(PodA);
        switch (kind)
        {
            case "garbage":
                TestAgent.Send(connection, [0xff, 0xff, 0xff]);
                break;
            case "long":
                TestAgent.Send(connection, ZdsPackets.Field(5, ZdsPackets.Field(1, new byte[1100])));
                break;
            case "no-descriptor":
                TestAgent.Send(connection, ZdsPackets.Add("A"));
                break;
            case "stray-descriptor":
                TestAgent.Send(connection, ZdsPackets.Keep("A"), file.Number);
                break;
            case "two-descriptors":
                TestAgent.Send(connection, ZdsPackets.Add("A"), file.Number, file.Number);
                break;
            default:
                TestAgent.Send(connection, [0x4a, 0x00]);
                break;
        }

        Assert.StartsWith("failure to read message : ", ZdsPackets.ReadAck(TestAgent.Receive(connection)), StringComparison.Ordinal);
        using PacketSocket second = _agent.AcceptHello();
        Assert.Equal("", TestAgent.Exchange(second, ZdsPackets.Add("A"), PodA));
        Assert.Empty(_violations);
    }

    [Fact]
    public void ProtocolViolation_IsAckedAsError_AndAsksForTheEndOfTheProcess()
    {
        using PacketSocket connection = _agent.AcceptHello();
        Assert.Equal("", TestAgent.Exchange(connection, ZdsPackets.Snapshot));
        Assert.Equal("a second snapshot on one connection", TestAgent.Exchange(connection, ZdsPackets.Snapshot));
        Assert.True(_violations.TryTake(out string? reason, Deadline));
        Assert.Equal("a second snapshot on one connection", reason);
    }

    [Fact]
    public void Stop_EndsTheThread_AndLeavesReadinessAndProxiesAlone()
    {
        using PacketSocket connection = _agent.AcceptHello();
        Assert.Equal("", TestAgent.Exchange(connection, ZdsPackets.Add("A"), PodA));
        Assert.Equal("", TestAgent.Exchange(connection, ZdsPackets.Snapshot));
        Assert.True(Ready());
        _client.Stop();
        Assert.Empty(_readiness);
        Assert.Equal(["start A"], _proxies.Log);
    }

    private bool Ready()
    {
        Assert.True(_readiness.TryTake(out bool ready, Deadline), "readiness does not change");
        return ready;
    }
}
