using System.Buffers.Binary;
using Ambient.Waypoint.Observation;

namespace Ambient.Waypoint.Tests.Observation;

public sealed class GrpcMessageCounterTests
{
    [Fact]
    [Trait("behaviour", "WP-226")]
    public void Messages_AreCounted_HoweverTheyAreCut()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        for (int round = 0; round < 200; round++)
        {
            int messages = random.Next(0, 20);
            MemoryStream body = new();
            for (int i = 0; i < messages; i++)
            {
                byte[] message = new byte[5 + random.Next(0, 40)];
                BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(1), (uint)message.Length - 5);
                body.Write(message);
            }

            GrpcMessageCounter counter = default;
            ReadOnlySpan<byte> left = body.ToArray();
            while (left.Length > 0)
            {
                int part = random.Next(1, Math.Min(left.Length, 12) + 1);
                counter.Add(left[..part]);
                left = left[part..];
            }

            Assert.True(messages == counter.Count, $"seed {seed}, round {round}: {counter.Count} of {messages}");
        }
    }

    [Fact]
    public void AnyBytes_AreNoTrouble()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        byte[] noise = new byte[100_000];
        random.NextBytes(noise);
        GrpcMessageCounter counter = default;
        counter.Add(noise);
        Assert.InRange(counter.Count, 1, noise.Length);
    }
}
