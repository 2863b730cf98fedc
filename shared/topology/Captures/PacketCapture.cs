using System.Buffers.Binary;
using System.Text;
using Ambient.Linux.Proc;
using Ambient.Topology.Processes;

namespace Ambient.Topology.Captures;

/// <summary>Records what crosses an interface of a namespace (tcpdump), whole packets. Thread-safe.</summary>
public sealed class PacketCapture : IAsyncDisposable
{
    private const int FileHeader = 24;
    private const int RecordHeader = 16;

    private readonly RunningProcess _tcpdump;
    private readonly string _path;

    private PacketCapture(RunningProcess tcpdump, string path)
    {
        _tcpdump = tcpdump;
        _path = path;
    }

    /// <summary>Starts recording and returns once the kernel delivers packets. The filter is in tcpdump's language; words are passed singly.</summary>
    public static async Task<PacketCapture> StartAsync(string namespaceName, string networkInterface, string directory, string name, params string[] filter)
    {
        string path = Path.Combine(directory, name + ".pcap");
        var plan = new ProcessPlan("capture " + name, "tcpdump", ["-i", networkInterface, "-s", "0", "-n", "-U", "--immediate-mode", "-w", path, "-Z", "root", .. filter])
        {
            NamespaceName = namespaceName,
            LogPath = Path.Combine(directory, name + ".tcpdump.log"),
        };
        RunningProcess tcpdump = RunningProcess.Start(plan);
        try
        {
            await tcpdump.WaitForLineAsync("listening on", TimeSpan.FromSeconds(10));
            return new PacketCapture(tcpdump, path);
        }
        catch
        {
            await tcpdump.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the recording holds the text (UTF-8): everything that crossed the interface before it is recorded then too.</summary>
    public Task WaitForAsync(string text) =>
        _tcpdump.WaitForAsync(() => Containing(Read(_path), text).Count > 0 ? text : null, $"a packet with \"{text}\"", TimeSpan.FromSeconds(10));

    /// <summary>Ends the recording and returns the packets; what the recorder has not read yet is lost (see <see cref="WaitForAsync"/>).</summary>
    public async Task<IReadOnlyList<CapturedPacket>> StopAsync()
    {
        _tcpdump.Signal(ProcessSignal.Interrupt);
        await _tcpdump.StopAsync(TimeSpan.FromSeconds(5));
        return Read(_path);
    }

    /// <summary>Packets whose frame holds the text (UTF-8).</summary>
    public static IReadOnlyList<CapturedPacket> Containing(IEnumerable<CapturedPacket> packets, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return [.. packets.Where(p => p.Frame.Span.IndexOf(bytes) >= 0)];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _tcpdump.DisposeAsync();

    /// <summary>Reads a classic pcap file of Ethernet frames; a record that is cut short ends it.</summary>
    public static IReadOnlyList<CapturedPacket> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        var packets = new List<CapturedPacket>();
        int at = FileHeader;
        while (at + RecordHeader <= file.Length)
        {
            int length = (int)BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8));
            at += RecordHeader;
            if (length < 0 || length > file.Length - at)
            {
                break;
            }

            packets.Add(new CapturedPacket(file.AsMemory(at, length)));
            at += length;
        }

        return packets;
    }
}
