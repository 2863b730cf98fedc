using Ambient.EventLoop;

namespace Ambient.Benchmarks.Load;

/// <summary>The generator's event loop, turned by the calling thread, so that nothing happens beside the load.</summary>
internal sealed class LoadLoop
{
    private readonly EventLoop.EventLoop _loop = new("load", new EventLoopOptions());

    /// <summary>Registers a handler for a descriptor.</summary>
    public void Add(PollHandler handler, int descriptor, PollEvents interest) => _loop.Register(handler, descriptor, interest);

    /// <summary>Forgets a handler; its owner closes the descriptor.</summary>
    public void Remove(PollHandler handler) => _loop.Unregister(handler);

    /// <summary>One turn.</summary>
    public void Turn(int timeoutMilliseconds) => _loop.RunOnce(timeoutMilliseconds);

    /// <summary>Turns until the process is killed.</summary>
    public int RunForever()
    {
        while (true)
        {
            _loop.RunOnce(-1);
        }
    }
}
