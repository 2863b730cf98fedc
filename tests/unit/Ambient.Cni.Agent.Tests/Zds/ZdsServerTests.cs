using Ambient.Cni.Agent.Zds;
using Ambient.Linux.Namespaces;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Tests.Zds;

/// <summary>The server against small ztunnels over a real socket. Ordinary files stand for namespaces: only their identity is asked.</summary>
public sealed class ZdsServerTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"ambient-zds-{Guid.NewGuid():N}.sock");
    private readonly LogHub _log = LogHub.Discarding();
    private readonly HeardEvents _events = new();
    private ZdsServer? _server;

    public void Dispose()
    {
        _server?.Dispose();
        _log.Dispose();
    }

    [Fact]
    [Trait("behaviour", "CNI-165")]
    [Trait("behaviour", "CNI-167")]
    [Trait("behaviour", "CNI-170")]
    [Trait("behaviour", "CNI-171")]
    public void Snapshot_ThenChanges_EachAnsweredToItsPod()
    {
        ZdsServer server = Start();
        server.Upsert(Pod("A"));
        server.OpenGate();
        using (var ztunnel = new TestZtunnel(_path))
        {
            Assert.Equal("add A 1", ztunnel.Snapshot());
            Assert.Equal("A/1 Served", _events.Pod());
            _events.Connections("1/1");
            server.Upsert(Pod("B"));
            Assert.Equal("add B 1", ztunnel.Next());
            ztunnel.Ack();
            Assert.Equal("B/1 Served", _events.Pod());
            server.Remove("A");
            Assert.Equal("del A", ztunnel.Next());
            ztunnel.Ack();
        }

        _events.Connections("0/0");
        Assert.Equal("B/1 Unserved", _events.Pod());
    }

    [Fact]
    [Trait("behaviour", "CNI-166")]
    public void ClientThatLeaves_WithoutAWord_IsForgotten()
    {
        Start().OpenGate();
        using (new TestZtunnel(_path, hello: false))
        {
            _events.Connections("1/0");
        }

        _events.Connections("0/0");
    }

    [Fact]
    [Trait("behaviour", "CNI-168")]
    public void ZtunnelThatIsGone_BeforeItAcknowledges_ServesNobody_AndTheNextOneIsTold()
    {
        ZdsServer server = Start();
        server.OpenGate();
        using (var ztunnel = new TestZtunnel(_path))
        {
            Assert.Equal("", ztunnel.Snapshot());
            _events.Connections("1/1");
            server.Upsert(Pod("A"));
            Assert.Equal("add A 1", ztunnel.Next());
        }

        // Whatever is written into the broken pipe ends it; the pod is nobody's until somebody else says so.
        server.Upsert(Pod("B"));
        _events.Connections("0/0");
        using var next = new TestZtunnel(_path);
        Assert.Equal("add A 1, add B 1", next.Snapshot());
        Assert.Equal("A/1 Served", _events.Pod());
        Assert.Equal("B/1 Served", _events.Pod());
    }

    [Fact]
    public void BeforeTheGate_NothingIsTold_AndNobodyIsTurnedAway()
    {
        ZdsServer server = Start();
        using var ztunnel = new TestZtunnel(_path);
        _events.Connections("1/0");
        server.Upsert(Pod("A"));
        Assert.True(ztunnel.IsSilent);
        server.OpenGate();
        Assert.Equal("add A 1", ztunnel.Snapshot());
    }

    [Fact]
    public void ManyPods_AreUnderWayAtOnce_AndAcksAreMatchedInOrder()
    {
        ZdsServer server = Start(new ZdsTimings { Window = 8 });
        foreach (int i in Enumerable.Range(0, 20))
        {
            server.Upsert(Pod($"p{i:00}"));
        }

        server.OpenGate();
        using var ztunnel = new TestZtunnel(_path);
        List<string> first = [];
        for (int i = 0; i < 8; i++)
        {
            first.Add(ztunnel.Next());
        }

        // The window is full: nothing more comes before an ack.
        Assert.True(ztunnel.IsSilent);
        ztunnel.Ack();
        ztunnel.Ack("port taken");
        Assert.Equal(first[0][4..7] + "/1 Served", _events.Pod());
        Assert.Equal(first[1][4..7] + "/1 Refused: port taken", _events.Pod());
        Assert.StartsWith("add p", ztunnel.Next(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    public void UpstreamsZtunnel_ReadsAndAcknowledgesOneAfterTheOther_HoweverManyAreOutstanding(int pods)
    {
        // It takes a packet, works, acknowledges, and only then takes the next; the socket's queue holds what was sent ahead (cni-and-redirection.md 4.8).
        ZdsServer server = Start();
        foreach (int i in Enumerable.Range(0, pods))
        {
            server.Upsert(Pod($"p{i:000}"));
        }

        server.OpenGate();
        using var ztunnel = new TestZtunnel(_path);
        Assert.Equal(string.Join(", ", Enumerable.Range(0, pods).Select(i => $"add p{i:000} 1")), ztunnel.Snapshot());
        Assert.Equal(pods, Enumerable.Range(0, pods).Select(_ => _events.Pod()).Distinct().Count());
        _events.Connections("1/1");
        Assert.True(ztunnel.IsSilent);
        server.Upsert(Pod("late"));
        Assert.Equal("add late 1", ztunnel.Next());
        ztunnel.Ack();
        Assert.Equal("late/1 Served", _events.Pod());
    }

    [Fact]
    [Trait("behaviour", "CNI-169")]
    public void AckThatNobodyWaitsFor_EndsTheConnection()
    {
        Start().OpenGate();
        using var ztunnel = new TestZtunnel(_path);
        Assert.Equal("", ztunnel.Snapshot());
        _events.Connections("1/1");
        ztunnel.Ack();
        _events.Connections("0/0");
    }

    [Fact]
    public void ZtunnelThatNeverAcknowledges_IsGivenUp_AndTheOtherGoesOnServing()
    {
        ZdsServer server = Start(new ZdsTimings { Ack = TimeSpan.FromMilliseconds(150) });
        server.OpenGate();
        using var good = new TestZtunnel(_path);
        Assert.Equal("", good.Snapshot());
        _events.Connections("1/1");
        using var silent = new TestZtunnel(_path);
        Assert.Equal("sent", silent.Next());

        // A newcomer without its snapshot does not take new pods away from the one that works.
        server.Upsert(Pod("A"));
        Assert.Equal("add A 1", good.Next());
        good.Ack();
        Assert.Equal("A/1 Served", _events.Pod());
        _events.Connections("1/1");
        Assert.Equal("add A 1", silent.Next());
        Assert.Equal("end", silent.Next());
        server.Upsert(Pod("B"));
        Assert.Equal("add B 1", good.Next());
    }

    [Fact]
    public void HandOver_NewPodsGoToTheNewest_AndBackWhenItLeaves()
    {
        ZdsServer server = Start();
        server.Upsert(Pod("A"));
        server.OpenGate();
        using var old = new TestZtunnel(_path);
        Assert.Equal("add A 1", old.Snapshot());
        Assert.Equal("A/1 Served", _events.Pod());
        using (var successor = new TestZtunnel(_path))
        {
            Assert.Equal("add A 1", successor.Snapshot());
            _events.Connections("2/2");
            server.Upsert(Pod("B"));
            Assert.Equal("add B 1", successor.Next());
            successor.Ack();
            Assert.Equal("B/1 Served", _events.Pod());
            server.Remove("A");
            Assert.Equal("del A", old.Next());
            old.Ack();
            Assert.Equal("del A", successor.Next());
            Assert.True(old.IsSilent);
        }

        // The old one never heard of B: it does now.
        Assert.Equal("B/1 Unserved", _events.Pod());
        Assert.Equal("add B 1", old.Next());
        old.Ack();
        Assert.Equal("B/1 Served", _events.Pod());
    }

    [Fact]
    [Trait("behaviour", "CNI-163")]
    public void PodWithoutNamespace_IsKept_AndAddedWhenItIsFound()
    {
        ZdsServer server = Start();
        server.Upsert(new ZdsPod("A", 1, "a", "ns", "sa", null));
        server.OpenGate();
        using var ztunnel = new TestZtunnel(_path);
        Assert.Equal("keep A", ztunnel.Snapshot());
        server.Upsert(new ZdsPod("B", 1, "b", "ns", "sa", null));
        server.Upsert(Pod("A", 2));

        // No keep for B: it would be a violation after the snapshot.
        Assert.Equal("add A 1", ztunnel.Next());
        ztunnel.Ack();
        Assert.Equal("A/2 Served", _events.Pod());
    }

    [Fact]
    public void ReplacedNamespace_MakesTheOldProofWorthless()
    {
        ZdsServer server = Start();
        server.Upsert(Pod("A"));
        server.OpenGate();
        using var ztunnel = new TestZtunnel(_path);
        ztunnel.Snapshot();
        Assert.Equal("A/1 Served", _events.Pod());
        server.Upsert(Pod("A", 2));
        Assert.Equal("A/2 Unserved", _events.Pod());
        Assert.Equal("add A 1", ztunnel.Next());
        ztunnel.Ack("busy");
        Assert.Equal("A/2 Refused: busy", _events.Pod());
        server.Repeat("A");
        Assert.Equal("add A 1", ztunnel.Next());
        ztunnel.Ack();
        Assert.Equal("A/2 Served", _events.Pod());
    }

    [Fact]
    public void NamesThatDoNotFit_AreRefused_AndTheOthersGoOn()
    {
        ZdsServer server = Start();
        server.Upsert(Pod(new string('x', 1100)));
        server.Upsert(Pod("A"));
        server.OpenGate();
        using var ztunnel = new TestZtunnel(_path);
        Assert.Equal("add A 1", ztunnel.Snapshot());
        Assert.Contains("do not fit", _events.Pod(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0xff, 0xff })]
    [InlineData(new byte[] { 0x08, 0x07 })]
    [InlineData(new byte[] { 0x10, 0x01 })]
    public void WrongHello_EndsTheConnection(byte[] hello)
    {
        Start().OpenGate();
        using var ztunnel = new TestZtunnel(_path, hello: false);
        ztunnel.Send(hello);
        Assert.Equal("end", ztunnel.Next());
    }

    [Fact]
    public void ConnectionsBeyondTheLimit_AreClosed()
    {
        Start(new ZdsTimings { MaxConnections = 1 }).OpenGate();
        using var first = new TestZtunnel(_path);
        Assert.Equal("", first.Snapshot());
        using var second = new TestZtunnel(_path, hello: false);
        Assert.Equal("end", second.Next());
    }

    [Fact]
    public void SocketFile_IsForItsOwnerOnly_AndGoesAtTheEnd()
    {
        Start();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_path));
        _server!.Dispose();
        Assert.False(File.Exists(_path));
    }

    private static ZdsPod Pod(string uid, long generation = 1) => new(uid, generation, "n", "ns", "sa", NetworkNamespace.Open("/proc/self/stat"));

    private ZdsServer Start(ZdsTimings? timings = null) => _server = new ZdsServer(_path, timings ?? new ZdsTimings(), _events, _log.For("test"));
}
