using System.IO.Pipes;
using System.Text;
using Ambient.Linux.Descriptors;
using Ambient.Linux.Native;

namespace Ambient.Linux.Tests.Descriptors;

public sealed class DescriptorStreamTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pipe_CarriesEverything_ThenEnds(bool nonBlocking)
    {
        using var into = new AnonymousPipeServerStream(PipeDirection.Out);
        using var from = new AnonymousPipeClientStream(PipeDirection.In, into.ClientSafePipeHandle);
        if (nonBlocking)
        {
            // Both ends meet a pipe that is not ready: the reader comes first, and the writer has more than it holds.
            MakeNonBlocking((int)into.SafePipeHandle.DangerousGetHandle());
            MakeNonBlocking((int)from.SafePipeHandle.DangerousGetHandle());
        }

        // More than a pipe holds, so that writing goes on in the middle.
        string text = new('x', 200_000);
        Task<string> reading = Task.Run(() =>
        {
            using var reader = new StreamReader(new DescriptorStream((int)from.SafePipeHandle.DangerousGetHandle()));
            return reader.ReadToEnd();
        });
        new DescriptorStream((int)into.SafePipeHandle.DangerousGetHandle()).Write(Encoding.ASCII.GetBytes(text));
        into.Dispose();
        Assert.Equal(text, await reading);
    }

    [Fact]
    public void DescriptorThatIsNone_IsAnIOException()
    {
        var none = new DescriptorStream(1_000_000);
        Assert.Contains("read on descriptor 1000000", Assert.Throws<IOException>(() => none.Read(new byte[1])).Message, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => none.Write(new byte[1]));
    }

    private static void MakeNonBlocking(int descriptor)
    {
        const int setFlags = 4, nonBlocking = 0x800;
        Assert.Equal(0, Libc.fcntl(descriptor, setFlags, nonBlocking));
    }
}
