using Ambient.Dns.Resolving;
using Ambient.EventLoop;
using Ambient.Linux.Sockets;
using Ambient.Mesh.Addresses;
using Ambient.Testing.Clocks;
using Ambient.Waypoint.Names;

namespace Ambient.Waypoint.Tests.Names;

/// <summary>Names whose answers the test gives, on a loop whose clock the test moves.</summary>
internal sealed class FakeNames : INameSource, IDisposable
{
    private readonly ManualTime _time = new();
    private readonly List<(string Name, Action<AddressAnswer> Done)> _open = [];

    public FakeNames(Func<IpAddress, bool>? isOwn = null)
    {
        Loop = new EventLoop.EventLoop("names", new EventLoopOptions { TimeProvider = _time });
        Table = new NameTable(Loop, this, AddressFamilies.IPv4 | AddressFamilies.IPv6, isOwn ?? (static _ => false), (name, what) => Said.Add($"{name}: {what}"));
        Loop.RunOnce(0);
    }

    public EventLoop.EventLoop Loop { get; }

    public NameTable Table { get; }

    /// <summary>What was said about names.</summary>
    public List<string> Said { get; } = [];

    /// <summary>The names that were asked for, all of them.</summary>
    public List<string> Asked { get; } = [];

    public void Ask(string name, AddressFamilies families, Action<AddressAnswer> done)
    {
        Asked.Add(name);
        if (IsBroken)
        {
            throw new InvalidOperationException("a defect");
        }

        if (AnswersAtOnce is { } answer)
        {
            done(answer);
        }
        else
        {
            _open.Add((name, done));
        }
    }

    /// <summary>What everybody is answered before the question is over; null: the test answers.</summary>
    public AddressAnswer? AnswersAtOnce { get; init; }

    /// <summary>Whether asking throws.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Whether a question waits for its answer.</summary>
    public bool IsAsked
    {
        get
        {
            Loop.RunOnce(0);
            return _open.Count > 0;
        }
    }

    /// <summary>Answers the oldest question.</summary>
    public void Answer(int seconds, params string[] addresses) => Answer(Found(seconds, addresses));

    /// <summary>Answers the oldest question, but about these families nobody could be asked.</summary>
    public void AnswerInPart(int seconds, AddressFamilies missing, params string[] addresses) => Answer(Found(seconds, addresses) with { Missing = missing, Reason = "SERVFAIL" });

    /// <summary>Answers the oldest question for that name.</summary>
    public void AnswerFor(string name, int seconds, params string[] addresses) => Answer(Found(seconds, addresses), name);

    /// <summary>Answers the oldest question.</summary>
    public void Answer(AddressAnswer answer, string? name = null)
    {
        Assert.True(IsAsked, "nothing was asked for");
        int index = _open.FindIndex(asked => name is null || asked.Name == name);
        Action<AddressAnswer> done = _open[index].Done;
        _open.RemoveAt(index);
        done(answer);
        Loop.RunOnce(0);
    }

    /// <summary>Time passes.</summary>
    public void Pass(double seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));

        // Timers of loops have ticks: what is due now is due for certain in the next turn or the one after it.
        _time.Advance(TimeSpan.FromMilliseconds(20));
        Loop.RunOnce(0);
        Loop.RunOnce(0);
    }

    public void Dispose() => Loop.Dispose();

    private static AddressAnswer Found(int seconds, string[] addresses) => new(AddressOutcome.Found, [.. addresses.Select(Address)], TimeSpan.FromSeconds(seconds), "");

    private static SocketAddress Address(string text)
    {
        Assert.True(SocketAddress.TryParse(text.Contains(':', StringComparison.Ordinal) ? $"[{text}]:0" : text + ":0", out SocketAddress address), text);
        return address;
    }
}
