using System.Text;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Workloads;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.Kubernetes.Watching;

namespace Ambient.Kubernetes.Tests.Watching;

public sealed class WatchFramerTests
{
    private static readonly byte[] Stream = Encoding.UTF8.GetBytes(
        Objects.Event("ADDED", Objects.Pod("a-ü", 1)) + "\n\r\n" + Objects.Event("MODIFIED", Objects.Pod("b", 2)).Replace("\n", "\r\n", StringComparison.Ordinal)
        + "not json\n" + Objects.Bookmark(3) + Objects.Event("DELETED", Objects.Pod("a-ü", 4)) + Objects.Gone());

    [Fact]
    public void EveryCutPosition_GivesTheSameEvents()
    {
        string whole = Events([Stream]);
        Assert.Equal("Changed a-ü 1|Changed b 2|Garbage  |Bookmark  3|Deleted a-ü 4|Error  |", whole);
        for (int cut = 0; cut <= Stream.Length; cut++)
        {
            Assert.Equal(whole, Events([Stream[..cut], Stream[cut..]]));
        }

        Assert.Equal(whole, Events([.. Stream.Select(b => new[] { b })]));
    }

    [Fact]
    public void RandomCuts_GiveTheSameEvents()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        string whole = Events([Stream]);
        for (int round = 0; round < 500; round++)
        {
            List<byte[]> pieces = [];
            for (int at = 0; at < Stream.Length;)
            {
                int length = Math.Min(Stream.Length - at, random.Next(1, 200));
                pieces.Add(Stream[at..(at + length)]);
                at += length;
            }

            Assert.True(whole == Events(pieces), $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void EveryTruncation_GivesAPrefix_AndSaysThatALineIsOpen()
    {
        string whole = Events([Stream]);
        for (int length = 0; length <= Stream.Length; length++)
        {
            using var framer = new WatchFramer(1 << 20);
            Assert.StartsWith(Feed(framer, Stream[..length]), whole, StringComparison.Ordinal);
            Assert.Equal(length > 0 && Stream[length - 1] != '\n', framer.IsInLine);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void LineThatIsTooLong_IsSkipped_AndTheNextIsRead_InBoundedMemory(int piece)
    {
        using var framer = new WatchFramer(1000);
        byte[] bytes = Encoding.UTF8.GetBytes(new string('x', 1001) + "\nshort\n" + new string('y', 70_000) + "\n" + new string('z', 1000) + "\nend\n");
        List<string> lines = [];
        int largest = 0;
        foreach (byte[] part in bytes.Chunk(piece))
        {
            for (int at = 0; at < part.Length;)
            {
                Memory<byte> room = framer.Writable();
                largest = Math.Max(largest, room.Length);
                int taken = Math.Min(room.Length, part.Length - at);
                part.AsSpan(at, taken).CopyTo(room.Span);
                framer.Advance(taken);
                at += taken;
                while (framer.TryTake(out ReadOnlySpan<byte> line))
                {
                    lines.Add(Encoding.UTF8.GetString(line));
                }
            }
        }

        Assert.Equal(["short", new string('z', 1000), "end"], lines);
        Assert.Equal(2, framer.Skipped);
        Assert.True(largest <= 64 * 1024, $"{largest} bytes of buffer");
    }

    [Fact]
    public void ForeignBytes_NeverThrow()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        byte[][] seeds = [.. Encoding.UTF8.GetString(Stream).Split('\n').Where(l => l.Length > 0).Select(Encoding.UTF8.GetBytes)];
        for (int round = 0; round < 5000; round++)
        {
            byte[] line = [.. seeds[random.Next(seeds.Length)]];
            for (int change = random.Next(1, 6); change > 0; change--)
            {
                line[random.Next(line.Length)] = (byte)random.Next(256);
            }

            try
            {
                WatchLine<Pod>.Read(line, KnownResources.Pods);
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}: {e}");
            }
        }
    }

    private static string Events(IReadOnlyList<byte[]> pieces)
    {
        using var framer = new WatchFramer(1 << 20);
        return string.Concat(pieces.Select(p => Feed(framer, p)));
    }

    private static string Feed(WatchFramer framer, byte[] piece)
    {
        var text = new StringBuilder();
        for (int at = 0; at < piece.Length;)
        {
            Memory<byte> room = framer.Writable();
            int taken = Math.Min(room.Length, piece.Length - at);
            piece.AsSpan(at, taken).CopyTo(room.Span);
            framer.Advance(taken);
            at += taken;
            while (framer.TryTake(out ReadOnlySpan<byte> bytes))
            {
                WatchLine<Pod> line = WatchLine<Pod>.Read(bytes, KnownResources.Pods);
                text.Append(line.Kind).Append(' ').Append(line.Key.Name).Append(' ').Append(line.ResourceVersion).Append('|');
            }
        }

        return text.ToString();
    }
}
