using Ambient.Protocol.Envoy.Discovery;
using Ambient.Xds.Client;
using Ambient.Xds.Snapshots;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Xds.Tests.Snapshots;

public sealed class ResourceSnapshotTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-snapshot-").FullName;
    private readonly List<string> _warnings = [];

    private string Path => System.IO.Path.Combine(_folder, "state", "xds");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Restore_IsTheLastState_WithItsVersions()
    {
        Write(snapshot =>
        {
            snapshot.Append(TypeUrls.Address, [Resource("w1", "1"), Resource("w2", "1")], []);
            snapshot.Append(TypeUrls.Authorization, [Resource("p", "7")], []);
            snapshot.MarkComplete();
            snapshot.Append(TypeUrls.Address, [Resource("w1", "2")], ["w2"]);
        });

        Assert.Equal(["p 7", "w1 2"], Read()!);
        Assert.Equal(["p 7", "w1 2"], Read()!);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Restore_OfAStateThatWasNeverComplete_IsNone()
    {
        // Workloads without the policies that guard them.
        Write(snapshot => snapshot.Append(TypeUrls.Address, [Resource("w1", "1")], []));
        Assert.Null(Read());
        Assert.Empty(_warnings);
    }

    [Fact]
    public void ManyChanges_TheFileStaysSmall_AndHasTheLastOfEach()
    {
        const int rounds = 60;
        Write(snapshot =>
        {
            snapshot.MarkComplete();
            for (int round = 0; round < rounds; round++)
            {
                snapshot.Append(TypeUrls.Address, [.. Enumerable.Range(0, 1000).Select(i => Resource($"w{i}", $"{round}", 200))], round == 0 ? [] : [$"w{round}"]);
                snapshot.Append(TypeUrls.Address, [], [$"w{999 - round}"]);
            }
        });

        // 60 rounds of 1 000 resources would be 15 MB.
        Assert.InRange(new FileInfo(Path).Length, 1, 6 << 20);
        string[] left = Read()!;
        Assert.Equal(999, left.Length);
        Assert.All(left, resource => Assert.EndsWith(" 59", resource, StringComparison.Ordinal));
        Assert.DoesNotContain($"w{999 - 59} 59", left);
    }

    [Fact]
    public void AnEndThatACrashLeft_IsNotRead()
    {
        byte[] whole = WholeFile(out int lastRecord);
        for (int length = lastRecord; length < whole.Length; length++)
        {
            File.WriteAllBytes(Path, whole[..length]);
            Assert.Equal(["w1 1"], Read()!);
        }

        Assert.Empty(_warnings);
    }

    [Fact]
    public void AnyFlippedBit_IsSeen()
    {
        byte[] whole = WholeFile(out int lastRecord);
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(Path, damaged);
            string[]? read = Read();

            // The writer's mark says nothing; damage in the last record is like a crash in it.
            if (at is < 8 or >= SnapshotFile.HeaderLength)
            {
                Assert.True(read is null || (read is ["w1 1"] && at >= lastRecord), $"byte {at}: {string.Join(',', read ?? [])}");
            }
        }
    }

    [Fact]
    public void ADamagedLengthInTheMiddle_IsNotTakenForTheEnd()
    {
        byte[] whole = WholeFile(out int lastRecord);
        byte[] longer = [.. whole, .. whole[lastRecord..]];
        longer[lastRecord + 2] ^= 1;
        File.WriteAllBytes(Path, longer);
        Assert.Null(Read());
        Assert.Contains("is damaged", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Rubbish_IsNoState()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        for (int i = 0; i < 300; i++)
        {
            byte[] rubbish = new byte[random.Next(400)];
            random.NextBytes(rubbish);
            if (random.Next(2) == 0)
            {
                "AMBXDS02"u8[..Math.Min(8, rubbish.Length)].CopyTo(rubbish);
            }

            File.WriteAllBytes(Path, rubbish);
            Assert.True(Read() is null, $"seed {seed}");
        }
    }

    [Fact]
    public void TwoProcesses_TheSecondKeepsTheState()
    {
        using var old = new ResourceSnapshot(Path, _warnings.Add);
        old.TryRestore(_ => { });
        old.Append(TypeUrls.Address, [Resource("w1", "1")], []);
        old.MarkComplete();
        using (var young = new ResourceSnapshot(Path, _warnings.Add))
        {
            Assert.True(young.TryRestore(_ => { }));
            young.Append(TypeUrls.Address, [Resource("w1", "young")], []);

            // Large enough that the old one would write the file anew.
            for (int i = 0; i < 6; i++)
            {
                old.Append(TypeUrls.Address, [Resource("w1", "old", 1 << 20)], []);
            }
        }

        Assert.Equal(["w1 young"], Read()!);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void AFileThatCannotBeWritten_IsSaidOnce_AndStopsNothing()
    {
        File.WriteAllText(System.IO.Path.Combine(_folder, "state"), "a file where the directory should be");
        Write(snapshot =>
        {
            snapshot.Append(TypeUrls.Address, [Resource("w1", "1")], []);
            snapshot.MarkComplete();
        });
        Assert.Contains("a restart will need the control plane", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    private static Resource Resource(string name, string version, int size = 10) => new()
    {
        Name = name,
        Version = version,
        Resource_ = Any.Pack(new StringValue { Value = new string('x', size) }),
    };

    private byte[] WholeFile(out int lastRecord)
    {
        int length = 0;
        Write(snapshot =>
        {
            snapshot.Append(TypeUrls.Address, [Resource("w1", "1")], []);
            snapshot.MarkComplete();
            length = (int)new FileInfo(Path).Length;
            snapshot.Append(TypeUrls.Address, [Resource("w1", "2")], []);
        });
        lastRecord = length;
        return File.ReadAllBytes(Path);
    }

    private void Write(Action<ResourceSnapshot> write)
    {
        using var snapshot = new ResourceSnapshot(Path, _warnings.Add);
        Assert.False(snapshot.TryRestore(_ => Assert.Fail("there is nothing yet")));
        write(snapshot);
    }

    private string[]? Read()
    {
        var state = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var snapshot = new ResourceSnapshot(Path, _warnings.Add);
        bool isRestored = snapshot.TryRestore(change =>
        {
            foreach (string name in change.RemovedResources)
            {
                state.Remove(name);
            }

            foreach (Resource resource in change.Resources)
            {
                state[resource.Name] = resource.Version;
            }
        });
        Assert.True(isRestored || state.Count == 0);
        return isRestored ? [.. state.Select(pair => $"{pair.Key} {pair.Value}")] : null;
    }
}
