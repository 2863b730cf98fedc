using Ambient.ControlPlane.Controllers.Statuses;
using Ambient.Testing.Clocks;

namespace Ambient.ControlPlane.Controllers.Tests.Statuses;

/// <summary>What is written again and again though nothing is new.</summary>
public sealed class WriteDamperTests
{
    private readonly ManualTime _clock = new();
    private readonly WriteDamper<string> _damper;
    private readonly object _wanted = new();

    public WriteDamperTests() => _damper = new WriteDamper<string>(_clock);

    [Fact]
    public void TheSameAgainAndAgain_IsHeldBack_ToOnceAMinute()
    {
        int written = 0, said = 0, awaited = 0;
        for (int second = 0; second < 600; second++)
        {
            WriteVerdict verdict = _damper.Judge("r", _wanted, 1);
            said += verdict.IsNews ? 1 : 0;
            awaited += verdict.Later is not null ? 1 : 0;
            if (verdict.IsAllowed)
            {
                written++;
                _damper.Note("r", _wanted, 1);
            }

            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        // Five at once, then one a minute; who is to come again is told so once each time.
        Assert.Equal((WriteDamper<string>.Most + 9, 1, 10), (written, said, awaited));
    }

    [Fact]
    public void WhatIsNew_OrAnother_IsNotHeldBack()
    {
        for (int i = 0; i < 10; i++)
        {
            _damper.Note("r", _wanted, 1);
        }

        Assert.False(_damper.Judge("r", _wanted, 1).IsAllowed);
        Assert.True(_damper.Judge("other", _wanted, 1).IsAllowed);
        Assert.True(_damper.Judge("r", _wanted, 2).IsAllowed);
        _damper.Note("r", _wanted, 2);
        Assert.True(_damper.Judge("r", new object(), 2).IsAllowed);
    }

    [Fact]
    public void ChangesNowAndThen_AreNoQuarrel_AndNothingIsRememberedForEver()
    {
        for (int i = 0; i < 50; i++)
        {
            Assert.True(_damper.Judge("r", _wanted, 1).IsAllowed);
            _damper.Note("r" + i, _wanted, 1);
            _damper.Note("r", _wanted, 1);
            _clock.Advance(TimeSpan.FromSeconds(20));
        }

        Assert.InRange(_damper.Count, 1, 10);
    }
}
