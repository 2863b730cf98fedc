using System.Diagnostics;
using Ambient.Protocol.L7;
using Ambient.Routing.Formats;
using Ambient.Waypoint.Forwarding;
using Ambient.Waypoint.Observation;
using Ambient.Waypoint.Observation.Logs;
using Xunit.Abstractions;

namespace Ambient.Waypoint.Tests.Observation;

/// <summary>What observing a request costs. Allocation is asserted; times are written into the test's output, for a busy machine says nothing reliable about them.</summary>
public sealed class ObservationCostTests(ITestOutputHelper output)
{
    private const int Rounds = 20_000;

    [Fact]
    public async Task CountingARequest_AllocatesNothing()
    {
        await using ObservedTunnel tunnel = new();
        RequestRecord record = tunnel.Answered();
        Assert.Equal(0, Measure(tunnel, record, "metrics"));
    }

    [Fact]
    public async Task CountingKindsThatAlternate_AllocatesNothing()
    {
        await using ObservedTunnel tunnel = new();
        RequestRecord good = tunnel.Answered();
        RequestRecord bad = tunnel.Answered(503);
        bad.Flags = ResponseFlags.UpstreamFailure;
        tunnel.Tunnel.Record.OnCompleted(good);
        tunnel.Tunnel.Record.OnCompleted(bad);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
        {
            tunnel.Tunnel.Record.OnCompleted((i & 1) == 0 ? good : bad);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Costs_OfEachPart_AreShown()
    {
        await using ObservedTunnel tunnel = new();
        RequestRecord record = tunnel.Answered();
        tunnel.Configure(new TelemetryProfile { Metrics = { new MetricOverride { Disabled = true } } });
        Assert.Equal(0, Measure(tunnel, record, "nothing"));
        tunnel.Configure(new TelemetryProfile());
        Assert.Equal(0, Measure(tunnel, record, "metrics"));
        TelemetryProvider file = new() { Name = "file", File = new LogFile { Path = "/dev/stderr" } };
        tunnel.Configure(new TelemetryProfile { Logs = { new AccessLogRule { Filter = "response.code >= 400" } } }, file);
        Assert.Equal(0, Measure(tunnel, record, "metrics, and a filter that refuses"));
        Assert.True(LogTemplate.TryParse(LogTemplate.UsualText, out LogTemplate? template, out _));
        LogFormatter line = new(template);
        double best = double.MaxValue;
        for (int repetition = 0; repetition < 10; repetition++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < 1000; i++)
            {
                tunnel.Line(line, record);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / 1000);
        }

        output.WriteLine($"a line of text: {best:0} ns");
    }

    // Bytes per request.
    private long Measure(ObservedTunnel tunnel, RequestRecord record, string what)
    {
        TunnelRecord observed = tunnel.Tunnel.Record;
        observed.OnCompleted(record);
        double best = double.MaxValue;
        long bytes = long.MaxValue;
        for (int repetition = 0; repetition < 25; repetition++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Rounds; i++)
            {
                observed.OnCompleted(record);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds / Rounds);
            bytes = Math.Min(bytes, (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds);
        }

        output.WriteLine($"{what}: {best:0} ns, {bytes} bytes");
        return bytes;
    }
}
