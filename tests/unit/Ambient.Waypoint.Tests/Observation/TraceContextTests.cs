using Ambient.Protocol.L7;
using Ambient.Routing.Messages;
using Ambient.Waypoint.Observation.Traces;

namespace Ambient.Waypoint.Tests.Observation;

public sealed class TraceContextTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Span = "b7ad6b7169203331";

    [Theory]
    [InlineData("traceparent", $"00-{Trace}-{Span}-01", "W3C True")]
    [InlineData("traceparent", $"00-{Trace}-{Span}-00", "W3C False")]
    [InlineData("traceparent", $"cc-{Trace}-{Span}-01-more", "W3C True")]
    [InlineData("b3", $"{Trace}-{Span}-1", "B3Single True")]
    [InlineData("b3", $"{Trace}-{Span}-0-0000000000000001", "B3Single False")]
    [InlineData("b3", $"{Trace}-{Span}-d", "B3Single True")]
    [InlineData("b3", $"{Trace}-{Span}", "B3Single ")]
    public void Context_IsRead(string name, string value, string expected)
    {
        TraceState state = TraceContext.Read(Fields((name, value)), TraceForms.W3C);
        Assert.Equal(expected, $"{state.Forms} {state.IsSampled}");
        Assert.Equal((Trace, Span), (state.TraceIdText(), state.ParentId.ToString("x16", provider: null)));
    }

    [Theory]
    [InlineData("traceparent", $"00-{Trace}-{Span}-01-more")]
    [InlineData("traceparent", $"ff-{Trace}-{Span}-01")]
    [InlineData("traceparent", $"00-{Trace}-{Span}")]
    [InlineData("traceparent", $"00-00000000000000000000000000000000-{Span}-01")]
    [InlineData("traceparent", $"00-{Trace}-0000000000000000-01")]
    [InlineData("traceparent", $"00-0af7651916cd43dd8448eb211c80319z-{Span}-01")]
    [InlineData("traceparent", "")]
    [InlineData("b3", "x")]
    [InlineData("b3", $"{Trace}-{Span}-1-1-1")]
    [InlineData("b3", $"12-{Span}-1")]
    [InlineData("x-b3-traceid", Trace)]
    [InlineData("x-b3-sampled", "maybe")]
    public void WhatIsNoContext_IsNone(string name, string value)
    {
        TraceState state = TraceContext.Read(Fields((name, value)), TraceForms.W3C);
        Assert.Equal((0ul, TraceForms.None, null), (state.ParentId, state.Forms, state.IsSampled));
    }

    [Fact]
    public void ManyFields_OfB3_AndTheirDecisionAlone()
    {
        TraceState state = TraceContext.Read(Fields(("x-b3-traceid", Trace[16..]), ("x-b3-spanid", Span), ("x-b3-flags", "1"), ("x-b3-sampled", "0")), TraceForms.B3);
        Assert.Equal((Trace[16..], true, true), (state.TraceIdText(), state.IsSampled, state.IsDebug));
        Assert.False(TraceContext.Read(Fields(("x-b3-sampled", "0")), TraceForms.W3C).IsSampled);
        Assert.False(TraceContext.Read(Fields(("b3", "0")), TraceForms.W3C).IsSampled);
    }

    [Fact]
    public void TheProvidersForm_Counts_WhenTwoDisagree()
    {
        FieldList fields = Fields(("traceparent", $"00-{Trace}-{Span}-00"), ("b3", "00000000000000000000000000000abc-0000000000000def-1"));
        Assert.Equal(Trace, TraceContext.Read(fields, TraceForms.W3C).TraceIdText());
        Assert.Equal("0000000000000abc", TraceContext.Read(fields, TraceForms.B3).TraceIdText());
        Assert.Equal(TraceForms.W3C | TraceForms.B3Single, TraceContext.Read(fields, TraceForms.B3).Forms);
    }

    [Fact]
    public void EveryForm_IsWritten_AndReadAgain()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        foreach (TraceForms form in new[] { TraceForms.W3C, TraceForms.B3, TraceForms.B3Single })
        {
            for (int i = 0; i < 200; i++)
            {
                TraceState state = new() { TraceHigh = (ulong)random.NextInt64(1, long.MaxValue), TraceLow = (ulong)random.NextInt64(1, long.MaxValue), SpanId = (ulong)random.NextInt64(1, long.MaxValue), ParentId = (ulong)random.NextInt64(0, 2), IsSampled = i % 2 == 0 };
                FieldList fields = new();
                TraceContext.Write(fields, state, form);
                TraceState read = TraceContext.Read(fields, form);
                Assert.True((state.TraceHigh, state.TraceLow, state.SpanId, state.IsSampled) == (read.TraceHigh, read.TraceLow, read.ParentId, read.IsSampled), $"seed {seed}, {form}");
            }
        }
    }

    [Fact]
    public void AnyBytes_AreNoTrouble()
    {
        int seed = Environment.TickCount;
        Random random = new(seed);
        string alphabet = "0123456789abcdef-dg";
        foreach (string name in new[] { "traceparent", "b3", "x-b3-traceid", "x-b3-spanid" })
        {
            for (int i = 0; i < 5000; i++)
            {
                string value = string.Concat(Enumerable.Range(0, random.Next(0, 80)).Select(_ => alphabet[random.Next(alphabet.Length)]));
                TraceState state = TraceContext.Read(Fields((name, value)), TraceForms.W3C);
                Assert.True(state.ParentId == 0 || (state.TraceHigh | state.TraceLow) != 0, $"seed {seed}: '{value}'");
            }
        }
    }

    [Fact]
    public void ACopy_IsNotSampled()
    {
        FieldList fields = Fields(("traceparent", $"00-{Trace}-{Span}-01"), ("x-b3-sampled", "1"), ("b3", $"{Trace}-{Span}-1"));
        TraceContext.Unsample(fields);
        Assert.Equal(($"00-{Trace}-{Span}-00", "0", $"{Trace}-{Span}-0"), (fields.Text("traceparent"), fields.Text("x-b3-sampled"), fields.Text("b3")));
    }

    [Theory]
    [InlineData(0, "x", false)]
    [InlineData(100, "x", true)]
    [InlineData(0, "00000000-0000-9000-8000-000000000000", true)]
    [InlineData(0, "00000000-0000-4000-8000-000000000000", false)]
    [InlineData(1, "00000063-0000-4000-8000-000000000000", true)]
    [InlineData(1, "00000064-0000-4000-8000-000000000000", false)]
    public void Sampling_FollowsTheRequestsId(double percent, string id, bool expected)
    {
        FieldList fields = Fields(("x-request-id", id));
        TracePlan plan = TracePlan.Compile(new TracingRule { RandomPercent = percent, ClientPercent = 100, OverallPercent = 100 }, new TelemetrySettings(), null!, _ => Assert.Fail())!;
        Assert.Equal(expected, Sampling.Decide(fields, plan, new Random(1)));
    }

    [Fact]
    public void Sampling_OfAClient_AndOfAll()
    {
        FieldList fields = Fields(("x-client-trace-id", "1"));
        TracePlan Plan(double client, double overall) => TracePlan.Compile(new TracingRule { ClientPercent = client, OverallPercent = overall }, new TelemetrySettings(), null!, _ => Assert.Fail())!;
        Assert.True(Sampling.Decide(fields, Plan(100, 100), new Random(1)));
        Assert.False(Sampling.Decide(fields, Plan(0, 100), new Random(1)));
        Assert.False(Sampling.Decide(fields, Plan(100, 0), new Random(1)));
        Random random = new(5);
        int chosen = Enumerable.Range(0, 10_000).Count(_ => Sampling.Decide(fields, Plan(100, 30), random));
        Assert.InRange(chosen, 2700, 3300);
    }

    [Fact]
    public void TheDecision_IsWrittenIntoTheId()
    {
        FieldList fields = Fields(("x-request-id", "12345678-0000-4000-8000-000000000000"));
        Sampling.Mark(fields, isSampled: true);
        Assert.Equal("12345678-0000-9000-8000-000000000000", fields.Text("x-request-id"));
    }

    private static FieldList Fields(params (string Name, string Value)[] entries)
    {
        FieldList fields = new();
        foreach ((string name, string value) in entries)
        {
            fields.Add(name, value);
        }

        return fields;
    }
}
