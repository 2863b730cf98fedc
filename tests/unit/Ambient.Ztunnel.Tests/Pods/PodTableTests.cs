using System.Text;
using System.Text.Json;
using Ambient.Linux.Descriptors;
using Ambient.Linux.Namespaces;
using Ambient.Telemetry.Logging;
using Ambient.Telemetry.Metrics;
using Ambient.Ztunnel.Pods;

namespace Ambient.Ztunnel.Tests.Pods;

public sealed class PodTableTests : IDisposable
{
    private static readonly ZdsWorkloadInfo Info = new("name", "ns", "sa");
    private readonly FakeProxies _proxies = new();
    private readonly PodMetrics _metrics = new(new MetricRegistry());
    private readonly LogHub _log = LogHub.Discarding();
    private readonly PodTable _table;

    public PodTableTests()
    {
        _table = new PodTable(_proxies, _metrics, _log.For("test"));
        _table.BeginConversation();
    }

    public void Dispose()
    {
        _table.StopAllNow();
        _log.Dispose();
    }

    [Fact]
    [Trait("behaviour", "ZT-241")]
    [Trait("behaviour", "CNI-194")]
    public void Add_StartsAProxy()
    {
        Add("uid1");
        Assert.Equal(1, _metrics.Active.Value);
        Assert.Equal(1, _metrics.Started.Value);
        Assert.Equal("name", Assert.Single(_proxies.Started).Pod.Name);
    }

    [Fact]
    [Trait("behaviour", "ZT-242")]
    [Trait("behaviour", "CNI-195")]
    public void Add_SameNamespaceAgain_StartsNothing()
    {
        Add("uid1");
        Add("uid1");
        Assert.Equal(["start uid1"], _proxies.Log);
    }

    [Fact]
    public void Add_OtherNamespace_ReplacesTheProxyAtOnce()
    {
        Add("uid1", "/proc/self/stat");
        Add("uid1", "/proc/self/status");
        Assert.Equal(["start uid1", "stop uid1", "start uid1"], _proxies.Log);
        Assert.Equal(1, _metrics.Active.Value);
        Assert.Equal(1, _metrics.Stopped.Value);
    }

    [Fact]
    [Trait("behaviour", "ZT-243")]
    [Trait("behaviour", "CNI-196")]
    public void FailedStart_IsRetried()
    {
        _proxies.Obstacles["uid1"] = "bind(15008): EADDRINUSE";
        ZdsOutcome outcome = Apply(new ZdsMessage.Add("uid1", Info));
        Assert.Equal("failure to start proxy : bind(15008): EADDRINUSE", outcome.Error);
        Assert.False(outcome.IsProtocolViolation);
        Assert.Equal(1, _metrics.Pending.Value);
        _table.Retry();
        Assert.Equal(1, _metrics.Pending.Value);
        _proxies.Obstacles.Clear();
        _table.Retry();
        Assert.Equal((0L, 1L, 1L), (_metrics.Pending.Value, _metrics.Active.Value, _metrics.Started.Value));
    }

    [Fact]
    [Trait("behaviour", "ZT-244")]
    public void AddWhilePending_ThatSucceeds_EndsTheWaiting()
    {
        _proxies.Obstacles["uid1"] = "obstacle";
        Apply(new ZdsMessage.Add("uid1", Info));
        _proxies.Obstacles.Clear();
        Add("uid1");
        Assert.False(_table.HasWaiting);
        Assert.Equal(1, _metrics.Started.Value);
        _table.Retry();
        Assert.Equal(1, _metrics.Started.Value);
    }

    [Fact]
    [Trait("behaviour", "ZT-245")]
    [Trait("behaviour", "CNI-197")]
    public void FailedAdd_ThenDelete_LeavesNothingPending()
    {
        _proxies.Obstacles["uid1"] = "obstacle";
        Apply(new ZdsMessage.Add("uid1", Info));
        Assert.Null(Apply(new ZdsMessage.Delete("uid1")).Error);
        Assert.False(_table.HasWaiting);
        Assert.Empty(_table.Snapshot());
    }

    [Fact]
    [Trait("behaviour", "ZT-246")]
    [Trait("behaviour", "CNI-198")]
    public void AddDeleteAdd_AfterTheSnapshot_StopsBeforeItStartsAgain()
    {
        Snapshot();
        Add("uid1");
        Assert.Null(Apply(new ZdsMessage.Delete("uid1")).Error);
        Add("uid1");
        Assert.Equal(["start uid1", "stop uid1", "start uid1"], _proxies.Log);
    }

    [Fact]
    [Trait("behaviour", "ZT-249")]
    [Trait("behaviour", "CNI-203")]
    public void FailedAdd_ThenSnapshot_IsReadyOnlyAfterTheRetry()
    {
        _proxies.Obstacles["uid1"] = "obstacle";
        Apply(new ZdsMessage.Add("uid1", Info));
        Snapshot();
        Assert.False(_table.IsReady);
        Assert.True(_table.HasWaiting);
        _proxies.Obstacles.Clear();
        _table.Retry();
        Assert.True(_table.IsReady);
        Assert.False(_table.HasWaiting);
    }

    [Fact]
    [Trait("behaviour", "ZT-250")]
    [Trait("behaviour", "CNI-204")]
    public void AddSnapshotDelete_IsReadyAndEmpty()
    {
        Add("uid1");
        Assert.False(_table.IsReady);
        Snapshot();
        Apply(new ZdsMessage.Delete("uid1"));
        Assert.True(_table.IsReady);
        Assert.Equal(0, _metrics.Active.Value);
    }

    [Fact]
    [Trait("behaviour", "ZT-251")]
    public void Reconnect_StopsWhatTheNewSnapshotDoesNotName()
    {
        Add("A");
        Add("B");
        Snapshot();
        Assert.True(_table.IsReady);
        _table.EndConversation();
        Assert.False(_table.IsReady);
        Assert.Equal(2, _table.RunningCount);
        _table.BeginConversation();
        Add("B");
        Assert.Equal(2, _table.RunningCount);
        Snapshot();
        Assert.Equal(["start A", "start B", "stop A"], _proxies.Log);
        Assert.True(_table.IsReady);
        Assert.Equal(1, _metrics.Active.Value);
    }

    [Fact]
    [Trait("behaviour", "CNI-199")]
    public void Keep_CountsAsNamed_AndAfterTheSnapshotIsAViolation()
    {
        Add("A");
        Snapshot();
        _table.BeginConversation();
        Assert.Null(Apply(new ZdsMessage.Keep("A")).Error);
        Snapshot();
        Assert.Equal(1, _table.RunningCount);
        Assert.Equal(["start A"], _proxies.Log);
        Assert.True(Apply(new ZdsMessage.Keep("A")).IsProtocolViolation);
    }

    [Fact]
    public void DeleteBeforeTheSnapshot_StopsOnlyAtTheSnapshot()
    {
        Add("A");
        Snapshot();
        _table.BeginConversation();
        Add("A");
        Apply(new ZdsMessage.Delete("A"));
        Assert.Equal(1, _table.RunningCount);
        Snapshot();
        Assert.Equal(0, _table.RunningCount);
    }

    [Fact]
    [Trait("behaviour", "CNI-200")]
    public void OrderViolations_AreFatal()
    {
        Assert.True(Apply(new ZdsMessage.Add("uid1", null)).IsProtocolViolation);
        Snapshot();
        Assert.True(Apply(new ZdsMessage.SnapshotSent()).IsProtocolViolation);
        Assert.Null(Apply(new ZdsMessage.Delete("unknown")).Error);
    }

    [Fact]
    [Trait("behaviour", "ZT-255")]
    public void State_IsWrittenAsTheAdminPageShowsIt()
    {
        _proxies.Obstacles["uid1"] = "obstacle";
        Apply(new ZdsMessage.Add("uid1", Info));
        Assert.Equal("""{"uid1":{"info":{"name":"name","namespace":"ns","serviceAccount":"sa"},"state":"Pending"}}""", Json());
        _proxies.Obstacles.Clear();
        _table.Retry();
        Assert.Equal("""{"uid1":{"info":{"name":"name","namespace":"ns","serviceAccount":"sa"},"state":"Up"}}""", Json());
        Snapshot();
        Apply(new ZdsMessage.Delete("uid1"));
        Assert.Equal("{}", Json());
    }

    [Fact]
    public async Task Drain_AsksEveryProxy_StartsNoMore_AndEndsWithTheLast()
    {
        Add("A");
        Add("B");
        Task drained = _table.DrainAsync();
        Assert.False(drained.IsCompleted);
        Assert.NotNull(Apply(new ZdsMessage.Add("C", Info)).Error);
        _table.StopAllNow();
        await drained;
        Assert.Equal(["start A", "start B", "drain A", "drain B"], _proxies.Log.Take(4));
    }

    [Fact]
    public void Namespaces_AreClosedWithTheirProxies()
    {
        NetworkNamespace network = NetworkNamespace.FromDescriptor(FileDescriptor.OpenRead("/proc/self/stat"));
        _table.Apply(new ZdsMessage.Add("A", Info), network);
        Snapshot();
        Apply(new ZdsMessage.Delete("A"));
        Assert.True(network.IsClosed);
    }

    private void Add(string uid, string path = "/proc/self/stat")
    {
        NetworkNamespace network = NetworkNamespace.FromDescriptor(FileDescriptor.OpenRead(path));
        Assert.Null(_table.Apply(new ZdsMessage.Add(uid, Info), network).Error);
    }

    private ZdsOutcome Apply(ZdsMessage message) =>
        _table.Apply(message, message is ZdsMessage.Add ? NetworkNamespace.FromDescriptor(FileDescriptor.OpenRead("/proc/self/stat")) : null);

    private void Snapshot() => Assert.Null(Apply(new ZdsMessage.SnapshotSent()).Error);

    private string Json()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            _table.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
