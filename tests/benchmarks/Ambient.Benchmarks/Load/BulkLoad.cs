using Ambient.EventLoop;
using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Benchmarks.Load;

/// <summary>Uploads as fast as the path takes it, over a number of connections.</summary>
internal static class BulkLoad
{
    /// <summary>Runs to the end of the window and prints bytes and seconds.</summary>
    public static int Run(SocketAddress address, int streams, TimeSpan duration)
    {
        LoadLoop loop = new();
        Upload[] uploads = new Upload[streams];
        for (int i = 0; i < streams; i++)
        {
            uploads[i] = new Upload();
            loop.Add(uploads[i], Connector.Begin(address), PollEvents.In | PollEvents.Out | PollEvents.PeerClosed);
        }

        MeasuredWindow window = new(duration);
        window.Started += () => Array.ForEach(uploads, u => u.Bytes = 0);
        while (window.Continue())
        {
            // A level of turns between two looks at the clock would cost nothing, but a stuck path must still end.
            loop.Turn(100);
        }

        if (uploads.Any(u => u.Broken))
        {
            Console.Error.WriteLine("a bulk connection was closed by the path");
            return 1;
        }

        window.Print(("bytes", uploads.Sum(u => (double)u.Bytes)));
        return 0;
    }

    private sealed class Upload : PollHandler, IReadyItem
    {
        private static readonly byte[] Block = new byte[128 * 1024];

        public long Bytes { get; set; }

        public bool Broken { get; private set; }

        public bool IsQueued { get; set; }

        public void OnReady() => Write();

        protected override void OnEvents(PollEvents events)
        {
            if ((events & (PollEvents.Error | PollEvents.HangUp | PollEvents.PeerClosed)) != PollEvents.None)
            {
                Broken = true;
                return;
            }

            if ((events & PollEvents.Out) != PollEvents.None)
            {
                Write();
            }
        }

        private void Write()
        {
            SysResult written = SocketIo.Write(Descriptor, Block);
            if (written.IsError)
            {
                Broken |= !written.Is(Errno.EAGAIN);
                return;
            }

            Bytes += written.Value;
            Loop.RunLater(this);
        }
    }
}
