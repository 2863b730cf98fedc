using Ambient.Identity.Trust;
using Ambient.Testing.Clocks;

namespace Ambient.Identity.Tests.Trust;

public sealed class FileWatchTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ambient-watch-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Events_AreJoinedUntilTheyAreQuiet()
    {
        var clock = new ManualTime();
        int calls = 0;
        using var watch = new FileWatch(Path.Combine(_directory.FullName, "f"), TimeSpan.FromSeconds(2), () => calls++, clock);

        watch.Touch();
        clock.Advance(TimeSpan.FromSeconds(1.5));
        watch.Touch();
        clock.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Equal(0, calls);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, calls);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, calls);
    }

    [Fact]
    public void EventsWithoutAPause_DoNotPutItOffForEver()
    {
        var clock = new ManualTime();
        int calls = 0;
        using var watch = new FileWatch(Path.Combine(_directory.FullName, "f"), TimeSpan.FromSeconds(2), () => calls++, clock);
        for (int second = 0; second < 33; second++)
        {
            watch.Touch();
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(2, calls);
    }

    [Fact]
    public void DirectoryThatComesLater_IsFound()
    {
        var clock = new ManualTime();
        int calls = 0;
        string later = Path.Combine(_directory.FullName, "later");
        using var watch = new FileWatch(Path.Combine(later, "f"), TimeSpan.FromSeconds(2), () => calls++, clock);
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.False(watch.IsWatching);

        Directory.CreateDirectory(later);
        clock.Advance(TimeSpan.FromSeconds(8));

        Assert.True(watch.IsWatching);
        Assert.Equal(1, calls);
    }

    [Fact]
    public void SwappedLink_IsSeen()
    {
        string data = Path.Combine(_directory.FullName, "..data");
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "one"));
        Directory.CreateDirectory(Path.Combine(_directory.FullName, "two"));
        Directory.CreateSymbolicLink(data, "one");
        using var seen = new ManualResetEventSlim();
        using var watch = new FileWatch(Path.Combine(_directory.FullName, "f"), TimeSpan.FromMilliseconds(10), seen.Set, TimeProvider.System);

        Directory.CreateSymbolicLink(data + "_tmp", "two");
        Directory.Move(data + "_tmp", Path.Combine(_directory.FullName, "..new"));

        Assert.True(seen.Wait(TimeSpan.FromSeconds(20)));
    }
}
