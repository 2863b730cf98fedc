using System.Runtime.InteropServices;
using Ambient.Linux.Proc;

namespace Ambient.Linux.Tests.Proc;

public sealed class NativeHeapTests
{
    [Fact]
    public void FreedMemory_IsGivenBack_AndOneArenaIsEnough()
    {
        Assert.True(NativeHeap.LimitArenas(1));
        byte[] page = new byte[4096];
        nint[] blocks = [.. Enumerable.Range(0, 4000).Select(_ =>
        {
            nint block = Marshal.AllocHGlobal(page.Length);
            Marshal.Copy(page, 0, block, page.Length);
            return block;
        })];
        foreach (nint block in blocks[..^1])
        {
            Marshal.FreeHGlobal(block);
        }

        Assert.True(NativeHeap.Trim());
        Marshal.FreeHGlobal(blocks[^1]);
    }
}
