using System.Text;
using Ambient.Linux;
using Ambient.Linux.Sockets;
using Ambient.Topology.Networks;

namespace Ambient.Cli.Sandbox;

/// <summary>
/// The sandbox's node agent: hands the node's pods to each ztunnel that connects (the agent's side of the ZDS socket), also to one that comes
/// back after a crash. One thread; <see cref="Dispose"/> is thread-safe.
/// </summary>
internal sealed class SandboxAgent : IDisposable
{
    private const int Poll = 250;
    private const int Deadline = 15_000;
    private readonly PacketSocket _listener;
    private readonly IReadOnlyList<VirtualPod> _pods;
    private readonly Func<VirtualPod, string> _account;
    private readonly Thread _thread;
    private volatile bool _stopping;

    public SandboxAgent(string path, IReadOnlyList<VirtualPod> pods, Func<VirtualPod, string> account)
    {
        _listener = PacketSocket.Listen(path, 4);
        _pods = pods;
        _account = account;
        _thread = new Thread(Run) { IsBackground = true, Name = "agent" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        _listener.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            if (_listener.WaitReadable(null, Poll) && !_listener.TryAccept(out PacketSocket? ztunnel).IsError)
            {
                using (ztunnel)
                {
                    Serve(ztunnel!);
                }
            }
        }
    }

    // Pods are constant in the sandbox: everything is said in the snapshot, then the connection is only watched for its end.
    private void Serve(PacketSocket ztunnel)
    {
        bool alive = Receive(ztunnel);
        foreach (VirtualPod pod in _pods)
        {
            byte[] info = Field(2, [.. Text(1, pod.Name), .. Text(2, "shop"), .. Text(3, _account(pod))]);
            alive = alive && Exchange(ztunnel, Field(1, [.. Text(1, "uid-" + pod.Name), .. info]), pod.Namespace.Descriptor);
        }

        alive = alive && Exchange(ztunnel, Field(3, []));
        while (alive && !_stopping)
        {
            alive = !ztunnel.WaitReadable(null, Poll);
        }
    }

    private static bool Exchange(PacketSocket ztunnel, byte[] packet, params int[] descriptors) =>
        !ztunnel.TrySend(packet, descriptors).IsError && Receive(ztunnel);

    private static bool Receive(PacketSocket ztunnel)
    {
        Span<byte> answer = stackalloc byte[1024];
        if (!ztunnel.WaitReadable(null, Deadline))
        {
            return false;
        }

        SysResult length = ztunnel.TryReceive(answer, 1, out _);
        return length.Value > 0;
    }

    private static byte[] Text(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] content) => [(byte)((number << 3) | 2), (byte)content.Length, .. content];
}
