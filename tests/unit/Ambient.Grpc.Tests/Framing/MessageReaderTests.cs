using Ambient.Grpc.Framing;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Grpc.Tests.Framing;

public sealed class MessageReaderTests
{
    [Fact]
    public async Task AnyBytes_GiveMessagesOrAnError()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = [.. MessageWriter.Frame(new StringValue { Value = "hello" }), .. MessageWriter.Frame(new StringValue { Value = new string('x', random.Next(300)) })];
            for (int n = random.Next(5); n > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var reader = new MessageReader(new MemoryStream(bytes, 0, random.Next(bytes.Length + 1)), 10_000);
            int messages = 0;
            try
            {
                while (await reader.ReadAsync(StringValue.Parser, CancellationToken.None) is not null)
                {
                    Assert.True(++messages < 200, $"seed {seed}");
                }
            }
            catch (GrpcException)
            {
                // One of the two ways to end.
            }
        }
    }

    [Fact]
    public async Task ClaimedLength_CostsNoMemory()
    {
        byte[] claim = [0, 0x0C, 0x80, 0, 0, 1, 2, 3];
        long before = GC.GetAllocatedBytesForCurrentThread();

        await Assert.ThrowsAsync<GrpcException>(async () => await new MessageReader(new MemoryStream(claim), 210_000_000).ReadAsync(StringValue.Parser, CancellationToken.None));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
    }
}
