namespace Ambient.Cni.Agent.Pods;

/// <summary>
/// What the world was told of one pod, what it is being told, and whether it still reads so: an annotation that somebody falsifies or removes is put right.
/// Used by the book only.
/// </summary>
/// <remarks>
/// What was said is compared with what the watch tells at versions from that of our own writing on: older ones know nothing of it. Against a second writer
/// each correction waits longer than the last, so that two programs that do not agree do not wear the API server out.
/// </remarks>
internal sealed class PodReporting
{
    private PodReport? _underWay;
    private int _failures;
    private TimeSpan _retryAt;

    // Of the object, as of which it reads what was said; 0 while nobody knows.
    private ulong _version;

    // The annotation's value as of then, word for word: values of others are many, and what we make of them are three.
    private string? _value;
    private int _contests;
    private TimeSpan? _contestedAt;

    /// <summary>What the world reads; null when nothing was ever said or found.</summary>
    public PodReport? Said { get; private set; }

    /// <summary>The object has an annotation that nobody here has written: an agent before us, or somebody else. A wish to be verified, never a truth.</summary>
    public void Adopt(PodRecord record) => (Said, _value, _version) = (ReadingOf(record.Annotation), record.Annotation, record.Version);

    /// <summary>Whether something may be said now.</summary>
    public bool IsFree(TimeSpan now) => _underWay is null && now >= _retryAt;

    /// <summary>Something is being said.</summary>
    public void Begin(PodReport report) => _underWay = report;

    /// <summary>It was said, or could not be. False: it is not what was being said.</summary>
    public bool End(PodEvent.Reported reported, PodBookOptions options, TimeSpan now)
    {
        if (_underWay != reported.Report)
        {
            return false;
        }

        _underWay = null;
        if (reported.Error is null)
        {
            (Said, _value, _version, _failures) = (reported.Report, TextOf(reported.Report.Redirection), reported.Version, 0);
        }
        else
        {
            // A server that does not answer must not hold up the pod: its lane goes on, only its status waits.
            _retryAt = now + Pause(options.RetryPause, _failures++, options.RetryLimit);
        }

        return true;
    }

    /// <summary>Compares what was said with what the object says.</summary>
    public void Compare(PodRecord record, PodBookOptions options, TimeSpan now)
    {
        if (Said is null || _underWay is not null || _version == 0 || record.Version < _version || record.Annotation == _value)
        {
            return;
        }

        _contests = _contestedAt is { } last && now - last <= options.ContestLimit * 2 ? _contests + 1 : 0;
        (_contestedAt, _retryAt) = (now, now + Pause(options.RetryPause, _contests, options.ContestLimit));
        Adopt(record);
    }

    /// <summary>The annotation's value; null for none.</summary>
    public static string? TextOf(ReportedRedirection redirection) => redirection switch
    {
        ReportedRedirection.Enabled => "enabled",
        ReportedRedirection.Pending => "pending",
        _ => null,
    };

    private static PodReport ReadingOf(string? annotation) => new(
        annotation switch { "enabled" => ReportedRedirection.Enabled, null => ReportedRedirection.Absent, _ => ReportedRedirection.Pending }, null);

    private static TimeSpan Pause(TimeSpan first, int times, TimeSpan limit) =>
        TimeSpan.FromMilliseconds(Math.Min(first.TotalMilliseconds * Math.Pow(2, Math.Min(times, 20)), limit.TotalMilliseconds));
}
