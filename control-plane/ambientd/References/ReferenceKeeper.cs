using System.Globalization;
using System.Text;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.References;

/// <summary>
/// Follows the Secrets and ConfigMaps that rules in force name, each by its name: no others are ever read. Their values are in no log. Each namespace has a share of the
/// places, so that one tenant cannot take them all; who was turned away is told when there is room. Thread-safe.
/// </summary>
/// <param name="source">Where objects come from.</param>
/// <param name="changed">Told of each that became known, another, or gone, or may be asked for again; never while it is asked.</param>
/// <param name="log">What cannot be read.</param>
/// <param name="clock">The time.</param>
/// <param name="ending">Ends all of it.</param>
internal sealed class ReferenceKeeper(IResourceSource source, Action<ReferenceKey> changed, Logger log, TimeProvider clock, CancellationToken ending)
{
    /// <summary>How many are followed; each is a watch of its own.</summary>
    internal const int MaxFollowed = 2000;

    /// <summary>How many of one namespace are. A credentialName may be two: the Secret, and the one with -cacert.</summary>
    internal const int Share = 200;

    private const int LongestName = 253;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<ReferenceKey, FollowedReference> _followed = [];
    private readonly Dictionary<string, int> _shares = new(StringComparer.Ordinal);
    private readonly HashSet<string> _full = new(StringComparer.Ordinal);

    /// <summary>How many are followed now.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _followed.Count;
            }
        }
    }

    /// <summary>What a Secret or ConfigMap says now; one that nobody asked for before is followed from now on.</summary>
    public Referenced Find(ReferenceKey reference)
    {
        if (!IsName(reference.Key.Name))
        {
            return Referenced.Refused("is no name that an object can have");
        }

        lock (_gate)
        {
            if (_followed.TryGetValue(reference, out FollowedReference? followed))
            {
                followed.IsIdle = false;
                return followed.Now;
            }

            if (NoRoom(reference.Key.Namespace) is { } full)
            {
                if (_full.Add(reference.Key.Namespace))
                {
                    log.Error("more Secrets and ConfigMaps are named than are read; what needs those beyond is closed", LogField.Of("namespace", reference.Key.Namespace), LogField.Of("problem", full));
                }

                return Referenced.Refused(full);
            }

            _shares[reference.Key.Namespace] = _shares.GetValueOrDefault(reference.Key.Namespace) + 1;
            _followed[reference] = followed = new FollowedReference();
            followed.Running = Task.Run(() => FollowAsync(reference, followed), CancellationToken.None);
            return followed.Now;
        }
    }

    /// <summary>Lets go of those that nothing depends on any more, now and then, until all of it ends.</summary>
    /// <param name="inUse">Those that something depends on.</param>
    public async Task RunAsync(Func<IReadOnlyCollection<ReferenceKey>> inUse)
    {
        while (true)
        {
            await Task.Delay(Interval, clock, ending);
            await SweepAsync(inUse());
        }
    }

    /// <summary>
    /// Completes when all that is asked for is known, and what was made of it is <paramref name="stored"/>: what one says may be why another is asked for. Whoever waits must
    /// not wait for ever: a server that does not answer makes nothing known.
    /// </summary>
    public async Task SettledAsync(Func<Task> stored)
    {
        while (true)
        {
            await Task.WhenAll(Waits());
            await stored();
            if (Array.TrueForAll(Waits(), static wait => wait.IsCompleted))
            {
                return;
            }
        }
    }

    /// <summary>Lets go of what nothing depended on the last time and now: in between, somebody may just have asked.</summary>
    internal async Task SweepAsync(IReadOnlyCollection<ReferenceKey> used)
    {
        List<FollowedReference> gone = [];
        ReferenceKey[] next;
        lock (_gate)
        {
            HashSet<ReferenceKey> needed = [.. used];
            foreach ((ReferenceKey reference, FollowedReference followed) in _followed.ToArray())
            {
                bool wasIdle = followed.IsIdle;
                followed.IsIdle = !needed.Contains(reference);
                if (wasIdle && followed.IsIdle)
                {
                    _followed.Remove(reference);
                    Release(reference.Key.Namespace);
                    gone.Add(followed);
                }
            }

            _full.RemoveWhere(name => NoRoom(name) is null);
            next = [.. needed.Where(reference => !_followed.ContainsKey(reference) && IsName(reference.Key.Name) && NoRoom(reference.Key.Namespace) is null).Take(MaxFollowed)];
        }

        await Task.WhenAll(gone.Select(static followed => followed.DisposeAsync().AsTask()));
        Array.ForEach(next, changed);
    }

    private static IReadOnlyDictionary<string, byte[]> Values(ConfigMap map) =>
        map.Data.ToDictionary(static pair => pair.Key, static pair => Encoding.UTF8.GetBytes(pair.Value), StringComparer.Ordinal);

    /// <summary>Whether this is a DNS name: it goes into a selector, where anything else would mean something else.</summary>
    private static bool IsName(string name) => name.Length is > 0 and <= LongestName && name.All(static letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '.')
        && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1]);

    private string? NoRoom(string space) =>
        _shares.GetValueOrDefault(space) >= Share ? string.Create(CultureInfo.InvariantCulture, $"is not read: more than {Share} Secrets and ConfigMaps of namespace {space} are named")
        : _followed.Count >= MaxFollowed ? string.Create(CultureInfo.InvariantCulture, $"is not read: more than {MaxFollowed} Secrets and ConfigMaps are named in the mesh")
        : null;

    private void Release(string space)
    {
        int left = _shares[space] - 1;
        if (left == 0)
        {
            _shares.Remove(space);
        }
        else
        {
            _shares[space] = left;
        }
    }

    private Task[] Waits()
    {
        lock (_gate)
        {
            return [.. _followed.Values.Select(static followed => followed.Known.Task)];
        }
    }

    private async Task FollowAsync(ReferenceKey reference, FollowedReference followed)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ending, followed.Stopping);
        var scope = new ResourceScope(reference.Key.Namespace, Fields: "metadata.name=" + reference.Key.Name);
        TimeSpan pause = Pause;
        try
        {
            while (true)
            {
                string problem = await TryFollowAsync(reference, followed, scope, stop.Token);
                log.Error("what a rule names cannot be followed; it is begun again", LogField.Of("object", reference.ToString()), LogField.Of("error", problem));

                // What is known stays in force, as with any other trouble.
                if (!followed.Now.IsKnown)
                {
                    Set(reference, followed, Referenced.Refused("cannot be followed: the log of the control plane says why"));
                }

                await Task.Delay(pause, clock, stop.Token);
                pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>Follows until that fails; why it did.</summary>
    private async Task<string> TryFollowAsync(ReferenceKey reference, FollowedReference followed, ResourceScope scope, CancellationToken cancellation)
    {
        try
        {
            await (reference.IsSecret
                ? FollowAsync(KnownResources.Secrets, static secret => secret.Data, reference, followed, scope, cancellation)
                : FollowAsync(KnownResources.ConfigMaps, Values, reference, followed, scope, cancellation));
            return "it ended by itself";
        }
        catch (Exception defect) when (defect is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            return $"{defect.GetType().Name}: {defect.Message}";
        }
    }

    /// <summary>With a cache of its own each time: one that failed while it told of an object would not tell of it again.</summary>
    private Task FollowAsync<T>(ResourceType<T> type, Func<T, IReadOnlyDictionary<string, byte[]>> values, ReferenceKey reference, FollowedReference followed, ResourceScope scope, CancellationToken cancellation)
        where T : Resource
    {
        var cache = new ResourceCache<T>(source, type, scope);
        return cache.RunAsync(change => OnChange(change, cache, values, reference, followed), cancellation, _ => OnDenied(reference, followed));
    }

    private ValueTask OnChange<T>(ResourceChange<T> change, ResourceCache<T> cache, Func<T, IReadOnlyDictionary<string, byte[]>> values, ReferenceKey reference, FollowedReference followed)
        where T : Resource
    {
        if (change.Kind == ResourceChangeKind.Synced)
        {
            // It may also have gone while nobody followed it. One whose newest form cannot be read has not.
            bool isGone = cache.Find(reference.Key) is null && cache.ProblemOf(reference.Key) is null;
            if (followed.Now is { IsKnown: false } or { Refusal: not null } || (isGone && followed.Now.Data is not null))
            {
                Set(reference, followed, Referenced.Missing);
            }
        }
        else if (change.Key == reference.Key && change.Kind != ResourceChangeKind.Refused)
        {
            Set(reference, followed, change.New is null ? Referenced.Missing : new Referenced(true, values(change.New)));
        }

        return ValueTask.CompletedTask;
    }

    private void OnDenied(ReferenceKey reference, FollowedReference followed)
    {
        // What was read while that was allowed stays in force, as with any other trouble.
        if (!followed.Now.IsKnown)
        {
            Set(reference, followed, Referenced.Refused(reference.IsSecret
                ? $"may not be read by the control plane: name its namespace in secretNamespaces of the chart"
                : "may not be read by the control plane: its role lacks configmaps"));
        }
    }

    private void Set(ReferenceKey reference, FollowedReference followed, Referenced now)
    {
        lock (_gate)
        {
            followed.Now = now;
        }

        changed(reference);
        followed.Known.TrySetResult();
    }
}
