using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Resources;
using Ambient.Telemetry.Logging;

namespace Ambient.Kubernetes.Watching;

/// <summary>
/// Keeps one kind up to date: list in pages, then watch from the list's version, again and again. For one caller: an instance is run once.
/// </summary>
/// <remarks>
/// Finding → Listing → Watching → (cut, timeout) Watching from the last version → (410, or failures that a new list may cure) Listing. Every failure
/// waits with jitter; nothing that was told is taken back by a failure.
/// </remarks>
internal sealed class ResourceWatch<T>(ResourceType<T> type, ResourceScope scope, WatchParts parts, Func<ResourceEvent<T>, ValueTask> tell)
    where T : Resource
{
    private const int FailuresUntilRelist = 4;
    private readonly RetryDelay _delay = new(parts.Options.FirstDelay, parts.Options.LongestDelay);
    private int _pageSize = parts.Options.PageSize;
    private bool _wasSynced;
    private bool _isToldAbsent;
    private int _absentLooks;
    private string _version = "";

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (await FindAsync(cancellation) is not { } served || !await ListAsync(cancellation))
            {
                continue;
            }

            while (await WatchAsync(served, cancellation) == WatchEnd.Resume)
            {
                // From the last version that was heard of.
            }
        }
    }

    /// <summary>The version that is served; null, after a pause, when there is none or nobody knows.</summary>
    private async Task<string?> FindAsync(CancellationToken cancellation)
    {
        ApiResult<string> found = await parts.Client.Discovery.VersionOfAsync(type, cancellation);
        if (found.IsOk(out string? served, out ApiError? error))
        {
            if (_isToldAbsent)
            {
                parts.Log.Info("the API server has this kind now", LogField.Of("kind", type.FullName), LogField.Of("version", served));
            }

            _isToldAbsent = false;
            _absentLooks = 0;
            return served;
        }

        if (error.Reason is not (ApiDiscovery.AbsentReason or ApiDiscovery.PerhapsAbsentReason))
        {
            await PauseAsync("find", error, cancellation);
            return null;
        }

        // At the beginning one look that is certain is enough; objects that were told are not taken back lightly.
        _absentLooks++;
        bool isEnough = (!_wasSynced && error.Reason == ApiDiscovery.AbsentReason) || _absentLooks >= parts.Options.AbsentLooks;
        if (!_isToldAbsent && isEnough)
        {
            _isToldAbsent = true;
            parts.Log.Info("the API server does not have this kind; it counts as empty until it comes", LogField.Of("kind", type.FullName), LogField.Of("versions", string.Join(",", type.Versions)));
            await tell(ResourceEvent<T>.ListBegins());
            await tell(ResourceEvent<T>.ListEnds(isAbsent: true));
            parts.Counters.Recovered();
            _wasSynced = true;
        }

        TimeSpan pause = (isEnough ? parts.Options.AbsentInterval : parts.Options.DoubtInterval) * (0.75 + (0.5 * Random.Shared.NextDouble()));
        await Task.Delay(pause, parts.Time, cancellation);
        return null;
    }

    /// <summary>Tells all there is; false, after a pause, when that failed.</summary>
    private async Task<bool> ListAsync(CancellationToken cancellation)
    {
        await tell(ResourceEvent<T>.ListBegins());
        string? next = null;
        int count = 0;
        do
        {
            ApiResult<ListPage<T>> answer = await parts.Client.ListAsync(type, scope, cancellation, _pageSize, next);
            if (!answer.IsOk(out ListPage<T>? page, out ApiError? error))
            {
                await OnListErrorAsync(error, isFirst: next is null, cancellation);
                return false;
            }

            foreach (T item in page.Items)
            {
                await tell(ResourceEvent<T>.Changed(item));
            }

            foreach (RefusedObject refused in page.Refused)
            {
                await RefuseAsync(refused.Key, refused.Problem);
            }

            count += page.Items.Count;
            (next, _version) = (page.Continue, page.ResourceVersion);
        }
        while (next.Length > 0);

        await tell(ResourceEvent<T>.ListEnds());
        parts.Counters.Listed();
        parts.Counters.Recovered();
        parts.Log.Debug("listed", LogField.Of("kind", type.FullName), LogField.Of("objects", count), LogField.Of("version", _version));
        _wasSynced = true;

        // What was hard once need not stay so: an outage has made pages small, too.
        _pageSize = Math.Min(parts.Options.PageSize, _pageSize * 2);
        return true;
    }

    private async Task OnListErrorAsync(ApiError error, bool isFirst, CancellationToken cancellation)
    {
        if (error.IsGone && !isFirst)
        {
            // The pages took longer than the server keeps old versions: from the beginning.
            parts.Counters.Aged();
        }

        if (error.IsNotFound)
        {
            parts.Client.Discovery.Forget(type);
        }

        if (error.Reason is "TooLarge" or "NoAnswer" && _pageSize > 1)
        {
            // Objects of a megabyte, or a slow server: what cannot be had in one piece is had in two.
            _pageSize = Math.Max(1, _pageSize / 2);
        }

        await PauseAsync("list", error, cancellation);
    }

    private async Task<WatchEnd> WatchAsync(string served, CancellationToken cancellation)
    {
        TimeSpan length = parts.Options.WatchLength * (1 + Random.Shared.NextDouble());

        // Who agreed to end the watch and does not is dead.
        using var limit = new Deadline(length + TimeSpan.FromSeconds(30), parts.Time, cancellation);
        long started = parts.Time.GetTimestamp();
        long heard = parts.Counters.Events + parts.Counters.Bookmarks;
        ApiError? error;
        try
        {
            ApiResult<WatchStream> opened = await parts.Client.OpenWatchAsync(type, served, scope, _version, length, limit.Token);
            if (opened.IsOk(out WatchStream? stream, out error))
            {
                await using (stream)
                {
                    parts.Counters.Opened();
                    error = await FollowAsync(stream.Body, limit.Token, cancellation);
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            error = new ApiError(0, "NoAnswer", "the watch did not end when it should");
        }

        // A server that ends every watch at once is as bad as one that refuses it.
        bool isGood = parts.Counters.Events + parts.Counters.Bookmarks > heard || parts.Time.GetElapsedTime(started) >= parts.Options.GoodAfter;
        if (isGood)
        {
            _delay.Reset();
        }

        return await OnWatchEndAsync(error, isGood, cancellation);
    }

    private async Task<WatchEnd> OnWatchEndAsync(ApiError? error, bool isGood, CancellationToken cancellation)
    {
        if (error is null)
        {
            parts.Counters.Recovered();
            if (!isGood)
            {
                await Task.Delay(_delay.Next(), parts.Time, cancellation);
            }

            return WatchEnd.Resume;
        }

        if (error.IsGone)
        {
            parts.Counters.Aged();
            parts.Log.Info("the watch's version is too old, listing again", LogField.Of("kind", type.FullName), LogField.Of("version", _version));
            if (!isGood)
            {
                await Task.Delay(_delay.Next(error.RetryAfter), parts.Time, cancellation);
            }

            return WatchEnd.Relist;
        }

        if (error.IsNotFound)
        {
            parts.Client.Discovery.Forget(type);
        }

        await PauseAsync("watch", error, cancellation);

        // A version that the server does not know (its store was restored), or a kind that is gone: a new list tells. No answer at all tells nothing.
        return error.Code != 0 && (!error.IsTransient || _delay.Failures >= FailuresUntilRelist) ? WatchEnd.Relist : WatchEnd.Resume;
    }

    /// <summary>Reads events until the watch ends; null when it ended without an error, in the middle of a line or not.</summary>
    private async Task<ApiError?> FollowAsync(Stream body, CancellationToken limit, CancellationToken cancellation)
    {
        using var framer = new WatchFramer(parts.Options.LongestLine);
        int skipped = 0;
        while (true)
        {
            int read;
            try
            {
                read = await body.ReadAsync(framer.Writable(), limit);
            }
            catch (Exception broken) when (broken is IOException or HttpRequestException or InvalidDataException)
            {
                return new ApiError(0, "NoAnswer", "the watch was cut: " + broken.Message);
            }

            if (read == 0)
            {
                return framer.IsInLine ? new ApiError(0, "NoAnswer", "the watch was cut in the middle of a line") : null;
            }

            framer.Advance(read);
            while (TakeLine(framer, ref skipped, out WatchLine<T> line))
            {
                if (await OnLineAsync(line) is { } error)
                {
                    return error;
                }

                cancellation.ThrowIfCancellationRequested();
            }
        }
    }

    // Spans do not cross awaits.
    private bool TakeLine(WatchFramer framer, ref int skipped, out WatchLine<T> line)
    {
        bool isTaken = framer.TryTake(out ReadOnlySpan<byte> bytes);
        if (framer.Skipped > skipped)
        {
            skipped = framer.Skipped;
            parts.Log.Error("an object is too large and was left out", LogField.Of("kind", type.FullName), LogField.Of("limit", parts.Options.LongestLine));
        }

        line = isTaken ? WatchLine<T>.Read(bytes, type) : default;
        return isTaken;
    }

    private async ValueTask<ApiError?> OnLineAsync(WatchLine<T> line)
    {
        switch (line.Kind)
        {
            case WatchLineKind.Changed:
                parts.Counters.Heard();
                await tell(ResourceEvent<T>.Changed(line.Resource!));
                break;
            case WatchLineKind.Deleted:
                parts.Counters.Heard();
                await tell(ResourceEvent<T>.Deleted(line.Key));
                break;
            case WatchLineKind.Refused:
                parts.Counters.Heard();
                await RefuseAsync(line.Key, line.Problem!);
                break;
            case WatchLineKind.Bookmark:
                parts.Counters.Marked();
                break;
            case WatchLineKind.Error:
                return line.Error;
            default:
                // The next line may be right, but what this one said is lost: only a new list is sure.
                return new ApiError(400, "Unreadable", "a line of the watch " + line.Problem);
        }

        if (line.ResourceVersion.Length > 0)
        {
            _version = line.ResourceVersion;
        }

        parts.Counters.Recovered();
        return null;
    }

    private ValueTask RefuseAsync(ResourceKey key, ReadProblem problem)
    {
        parts.Counters.Rejected();
        parts.Log.Error("an object cannot be read; what it said before stays", LogField.Of("kind", type.FullName), LogField.Of("object", key.ToString()), LogField.Of("error", problem.ToString()));
        return tell(ResourceEvent<T>.Refused(key, problem));
    }

    private async Task PauseAsync(string what, ApiError error, CancellationToken cancellation)
    {
        TimeSpan pause = _delay.Next(error.RetryAfter);
        parts.Counters.Failed($"{what} {type.FullName}: {error}");
        LogLevel level = error.Code is 401 or 403 || _delay.Failures > 3 ? LogLevel.Error : LogLevel.Warn;
        parts.Log.Log(
            level,
            error.Code switch
            {
                403 => "we may not read this kind: the role needs get, list and watch",
                401 => "the API server does not know us: our credential is read again with each try",
                _ => "the API server cannot be followed",
            },
            LogField.Of("kind", type.FullName),
            LogField.Of("scope", scope.ToString()),
            LogField.Of("step", what),
            LogField.Of("error", error.ToString()),
            LogField.Milliseconds("retry_in", (long)pause.TotalMilliseconds));
        if (error.IsForbidden)
        {
            await tell(ResourceEvent<T>.Denied(error.ToString()));
        }

        await Task.Delay(pause, parts.Time, cancellation);
    }
}
