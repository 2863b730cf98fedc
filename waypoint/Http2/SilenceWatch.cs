using Ambient.EventLoop;
using Ambient.Waypoint.Pipes;

namespace Ambient.Waypoint.Http2;

/// <summary>
/// Notices an endpoint that is gone without a word: when nothing has come for a while since a request was sent, it is asked for a sign of life (PING); without one the
/// next requests go elsewhere, and after a longer while the connection ends, so that its requests fail before TCP gives up. One PING per silence and only after a
/// request: endpoints count PINGs that come without reason. Loop-affine.
/// </summary>
internal sealed class SilenceWatch(Http2Client client) : LoopTimer
{
    private long _frames;
    private int _requests;
    private Stage _stage;

    private enum Stage
    {
        Silent,
        Asked,
        Doubted,
    }

    /// <summary>A request was sent.</summary>
    public void OnRequest()
    {
        if (!IsScheduled)
        {
            Look();
        }
    }

    /// <summary>The connection is over.</summary>
    public void Stop() => client.Loop.Timers.Cancel(this);

    /// <inheritdoc/>
    protected override void OnTimer()
    {
        if (client.ActiveStreams == 0)
        {
            return;
        }

        if (client.FramesRead != _frames)
        {
            // It lives. Whoever waits for a late answer is looked after again when another request was sent meanwhile.
            if (client.Requests != _requests)
            {
                Look();
            }
        }
        else if (_stage == Stage.Silent)
        {
            _stage = Stage.Asked;
            client.AskForLife();
            client.Loop.Timers.Schedule(this, client.Loop.NowMilliseconds + WaitingTimes.Silence);
        }
        else if (_stage == Stage.Asked)
        {
            _stage = Stage.Doubted;
            client.Doubt();
            client.Loop.Timers.Schedule(this, client.Loop.NowMilliseconds + WaitingTimes.Patience);
        }
        else
        {
            client.OnDead();
        }
    }

    private void Look()
    {
        (_frames, _requests, _stage) = (client.FramesRead, client.Requests, Stage.Silent);
        client.Loop.Timers.Schedule(this, client.Loop.NowMilliseconds + WaitingTimes.Silence);
    }
}
