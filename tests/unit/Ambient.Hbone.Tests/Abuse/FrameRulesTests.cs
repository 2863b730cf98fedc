using Ambient.Hbone.Frames;

namespace Ambient.Hbone.Tests.Abuse;

/// <summary>What is wrong with frames, whoever reads them.</summary>
public sealed class FrameRulesTests
{
    private const Http2Error Size = Http2Error.FrameSizeError;
    private const Http2Error Protocol = Http2Error.ProtocolError;
    private const Http2Error Flow = Http2Error.FlowControlError;

    [Theory]
    [InlineData(FrameType.Data, 0, 1, 16385, Size)]
    [InlineData(FrameType.Settings, FrameFlags.Ack, 0, 0, Protocol)]
    [InlineData(FrameType.Ping, 0, 0, 8, Protocol)]
    [InlineData(FrameType.Settings, 0, 0, 6, null)]
    public void FirstFrame_IsSettings(FrameType type, byte flags, int stream, int length, Http2Error? wrong) =>
        Assert.Equal(wrong, FrameRules.Order(new FrameHeader(length, type, flags, stream), 16384, isFirst: true, block: 0)?.Code);

    [Theory]
    [InlineData(FrameType.Continuation, 3, null)]
    [InlineData(FrameType.Continuation, 5, Protocol)]
    [InlineData(FrameType.Data, 3, Protocol)]
    [InlineData((FrameType)99, 3, Protocol)]
    public void HeaderBlock_IsNotInterrupted(FrameType type, int stream, Http2Error? wrong) =>
        Assert.Equal(wrong, FrameRules.Order(new FrameHeader(1, type, 0, stream), 16384, isFirst: false, block: 3)?.Code);

    [Theory]
    [InlineData(0, true, true)]
    [InlineData(2, true, true)]
    [InlineData(5, true, false)]
    [InlineData(7, true, true)]
    [InlineData(3, false, false)]
    [InlineData(5, false, true)]
    public void Streams_ThatNobodyOpened_AreIdle(int stream, bool isClient, bool isIdle) => Assert.Equal(isIdle, FrameRules.IsIdle(stream, isClient, nextOwn: 7, lastOfPeer: 3));

    [Fact]
    public void PayloadsOfTheWrongSize_OrStream_AreTold()
    {
        FrameHeader onStream = new(0, default, 0, 1);
        FrameHeader onConnection = new(0, default, 0, 0);
        byte[] eight = new byte[8];
        Assert.Equal(Size, FrameRules.Priority(onStream, 4)?.Code);
        Assert.Equal(Protocol, FrameRules.Priority(onConnection, 5)?.Code);
        Assert.Null(FrameRules.Priority(onStream, 5));
        Assert.Equal(Size, FrameRules.Reset(isIdle: true, eight, out _)?.Code);
        Assert.Equal(Protocol, FrameRules.Reset(isIdle: true, new byte[4], out _)?.Code);
        Assert.Null(FrameRules.Reset(isIdle: false, [0, 0, 0, 8], out Http2Error reset));
        Assert.Equal(Http2Error.Cancel, reset);
        Assert.Equal(Size, FrameRules.Ping(onConnection, new byte[7], out _)?.Code);
        Assert.Equal(Protocol, FrameRules.Ping(onStream, eight, out _)?.Code);
        Assert.Null(FrameRules.Ping(onConnection, [0, 0, 0, 0, 0, 0, 1, 2], out ulong value));
        Assert.Equal(258ul, value);
        Assert.Equal(Size, FrameRules.GoAway(onConnection, new byte[7], out _, out _)?.Code);
        Assert.Equal(Protocol, FrameRules.GoAway(onStream, eight, out _, out _)?.Code);
        Assert.Null(FrameRules.GoAway(onConnection, [0x80, 0, 0, 5, 0, 0, 0, 11, 1, 2], out int last, out Http2Error why));
        Assert.Equal((5, Http2Error.EnhanceYourCalm), (last, why));
        Assert.Equal(Size, FrameRules.WindowUpdate(eight, out _)?.Code);
        Assert.Null(FrameRules.WindowUpdate([0x80, 0, 1, 0], out int increment));
        Assert.Equal(256, increment);
        Assert.Equal(Protocol, FrameRules.Settings(onStream, 6)?.Code);
        Assert.Equal(Size, FrameRules.Settings(onConnection, 7)?.Code);
        Assert.Equal(Size, FrameRules.Settings(new FrameHeader(6, default, FrameFlags.Ack, 0), 6)?.Code);
        Assert.Equal(Size, FrameRules.Data(new FrameHeader(0, default, FrameFlags.Padded, 1))?.Code);
    }

    [Theory]
    [InlineData(1, 0, 1, Protocol)]
    [InlineData(1, int.MaxValue, 1, Flow)]
    [InlineData(0, int.MaxValue, int.MaxValue, null)]
    [InlineData(-5, int.MaxValue, int.MaxValue - 5, null)]
    public void Window_GrowsBySomething_AndNotTooFar(int window, int increment, int expected, Http2Error? wrong)
    {
        Assert.Equal(wrong, FrameRules.Grow(window, increment, out int grown)?.Code);
        Assert.Equal(expected, grown);
    }

    [Theory]
    [InlineData(100, -200, -100, null)]
    [InlineData(int.MaxValue, 1, int.MaxValue, Flow)]
    public void Window_IsMovedByTheInitialOne(int window, long change, int expected, Http2Error? wrong)
    {
        Assert.Equal(wrong, FrameRules.Shift(window, change, out int shifted)?.Code);
        Assert.Equal(expected, shifted);
    }

    [Theory]
    [InlineData(SettingId.InitialWindowSize, 0x80000000u, false, Flow)]
    [InlineData(SettingId.MaxFrameSize, 16383u, false, Protocol)]
    [InlineData(SettingId.MaxFrameSize, 16777216u, false, Protocol)]
    [InlineData(SettingId.EnablePush, 1u, true, Protocol)]
    [InlineData(SettingId.EnablePush, 1u, false, null)]
    [InlineData(SettingId.EnableConnectProtocol, 2u, false, Protocol)]
    [InlineData((SettingId)99, uint.MaxValue, false, null)]
    public void Settings_HaveRanges(SettingId id, uint value, bool isClient, Http2Error? wrong) => Assert.Equal(wrong, FrameRules.Setting(id, value, isClient)?.Code);

    [Fact]
    public void Settings_AreTakenOneByOne()
    {
        ReadOnlySpan<byte> payload = [0, 4, 0, 0, 1, 0, 0, 8, 0, 0, 0, 1];
        Assert.True(FrameRules.TryNext(ref payload, out SettingId first, out uint window));
        Assert.True(FrameRules.TryNext(ref payload, out SettingId second, out uint connect));
        Assert.False(FrameRules.TryNext(ref payload, out _, out _));
        Assert.Equal((SettingId.InitialWindowSize, 256u, SettingId.EnableConnectProtocol, 1u), (first, window, second, connect));
    }

    [Fact]
    public void AnyHeadersFrame_IsRefused_OrLeavesAPartOfItself()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        for (int round = 0; round < 2_000; round++)
        {
            byte[] bytes = new byte[random.Next(0, 12)];
            random.NextBytes(bytes);
            if (bytes.Length > 0)
            {
                bytes[0] = (byte)random.Next(0, 14);
            }

            FrameHeader frame = new(bytes.Length, FrameType.Headers, (byte)random.Next(0, 256), random.Next(0, 4));
            ReadOnlySpan<byte> payload = bytes;
            bool isRefused = FrameRules.Headers(frame, ref payload) is not null;
            int taken = (frame.Has(FrameFlags.Padded) ? 1 + (bytes.Length > 0 ? bytes[0] : 0) : 0) + (frame.Has(FrameFlags.Priority) ? 5 : 0);
            Assert.True(isRefused == (taken > bytes.Length || frame.StreamId % 2 == 0), $"seed {seed}, round {round}");
            Assert.True(isRefused || payload.Length == bytes.Length - taken, $"seed {seed}, round {round}");
        }
    }
}
