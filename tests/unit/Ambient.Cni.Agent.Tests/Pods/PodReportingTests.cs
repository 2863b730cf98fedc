using System.Net;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Enrolment.Pods;

namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>What a pod's annotation says is what was said last, whoever changes it.</summary>
public sealed class PodReportingTests
{
    private static readonly PodBookOptions Options = new();
    private static readonly PodReport Enabled = new(ReportedRedirection.Enabled, null);
    private readonly PodReporting _reporting = new();
    private TimeSpan _now;

    [Theory]
    [InlineData(null, ReportedRedirection.Absent)]
    [InlineData("pending", ReportedRedirection.Pending)]
    [InlineData("disabled", ReportedRedirection.Pending)]
    public void ValueThatSomebodyElseWrote_IsKnown_AndPutRight(string? falsified, ReportedRedirection reading)
    {
        Say(Enabled, 10);
        _reporting.Compare(Pod(falsified, 11), Options, _now);
        Assert.Equal(reading, _reporting.Said!.Redirection);
        _now += Options.RetryPause;
        Say(Enabled, 12);
        _reporting.Compare(Pod("enabled", 12), Options, _now);
        Assert.Equal(Enabled, _reporting.Said);
    }

    [Theory]
    [InlineData(9UL)]
    [InlineData(0UL)]
    public void WhatWasTrueBeforeWeWrote_IsNoFalsification(ulong version)
    {
        Say(Enabled, 10);
        _reporting.Compare(Pod(null, version), Options, _now);
        Assert.Equal(Enabled, _reporting.Said);
    }

    [Fact]
    public void WithoutVersions_NothingIsCompared()
    {
        Say(Enabled, 0);
        _reporting.Compare(Pod(null, 0), Options, _now);
        _reporting.Compare(Pod(null, 7), Options, _now);
        Assert.Equal(Enabled, _reporting.Said);
    }

    [Fact]
    public void WhileSomethingIsBeingSaid_TheWatchMayBeAhead()
    {
        _reporting.Begin(Enabled);

        // Our own writing comes by the watch first, then its answer.
        _reporting.Compare(Pod("enabled", 10), Options, _now);
        Assert.Null(_reporting.Said);
        Assert.True(_reporting.End(new PodEvent.Reported("u", Enabled, null) { Version = 10 }, Options, _now));
        _reporting.Compare(Pod("enabled", 10), Options, _now);
        Assert.Equal(Enabled, _reporting.Said);
        Assert.False(_reporting.End(new PodEvent.Reported("u", Enabled, null), Options, _now));
    }

    [Fact]
    public void AnnotationOfAnAgentBeforeUs_IsWatchedToo()
    {
        _reporting.Adopt(Pod("enabled", 5));
        Assert.Equal(Enabled, _reporting.Said);
        _reporting.Compare(Pod(null, 6), Options, _now);
        Assert.Equal(ReportedRedirection.Absent, _reporting.Said!.Redirection);
    }

    [Fact]
    public void AgainstASecondWriter_EachCorrectionWaitsLonger_UntilThereWasPeace()
    {
        ulong version = 1;
        TimeSpan last = TimeSpan.Zero;
        for (int i = 0; i < 20; i++)
        {
            TimeSpan pause = Contest();
            Assert.True(i == 0 ? pause <= Options.RetryPause : pause > last || pause == Options.ContestLimit, $"correction {i} after {pause}");
            last = pause;
        }

        Assert.Equal(Options.ContestLimit, last);
        _now += Options.ContestLimit * 3;
        Assert.Equal(Options.RetryPause, Contest());

        TimeSpan Contest()
        {
            Say(Enabled, ++version);
            _reporting.Compare(Pod("pending", ++version), Options, _now);
            TimeSpan from = _now;
            while (!_reporting.IsFree(_now))
            {
                _now += TimeSpan.FromMilliseconds(10);
            }

            return _now - from;
        }
    }

    [Fact]
    public void ValueOfSomebodyElse_ThatIsStillThere_IsNotAnotherWriting()
    {
        Say(Enabled, 10);
        for (ulong version = 11; version < 30; version++)
        {
            // Other parts of the pod change.
            _reporting.Compare(Pod("disabled", version), Options, _now);
        }

        _now += Options.RetryPause;
        Assert.True(_reporting.IsFree(_now));

        // Another value is.
        _reporting.Compare(Pod("off", 30), Options, _now);
        Assert.False(_reporting.IsFree(_now + Options.RetryPause));
    }

    private static PodRecord Pod(string? annotation, ulong version) => new()
    {
        Facts = new PodFacts { Name = "u", Namespace = "mesh", Uid = "u", Phase = PodPhase.Running },
        Addresses = [IPAddress.Parse("10.0.0.2")],
        Annotation = annotation,
        Version = version,
    };

    private void Say(PodReport report, ulong version)
    {
        Assert.True(_reporting.IsFree(_now));
        _reporting.Begin(report);
        Assert.True(_reporting.End(new PodEvent.Reported("u", report, null) { Version = version }, Options, _now));
    }
}
