namespace Ambient.Kubernetes.Api;

/// <summary>How long to wait before the next try: doubling, with jitter, never less than the server asks. For one caller at a time.</summary>
public sealed class RetryDelay
{
    private readonly TimeSpan _first;
    private readonly TimeSpan _longest;
    private readonly Func<double> _random;
    private int _failures;

    /// <summary>From the first delay to the longest; <paramref name="random"/> gives numbers from 0 to 1.</summary>
    public RetryDelay(TimeSpan first, TimeSpan longest, Func<double>? random = null) => (_first, _longest, _random) = (first, longest, random ?? Random.Shared.NextDouble);

    /// <summary>Failures since the last success.</summary>
    public int Failures => _failures;

    /// <summary>It worked.</summary>
    public void Reset() => _failures = 0;

    /// <summary>The next delay: half of it certain, half by chance, so that those who failed together do not come together.</summary>
    public TimeSpan Next(TimeSpan? asked = null)
    {
        double grown = Math.Min(_first.TotalMilliseconds * Math.Pow(2, Math.Min(_failures, 30)), _longest.TotalMilliseconds);
        _failures++;
        var delay = TimeSpan.FromMilliseconds(grown * (0.5 + (0.5 * _random())));

        // Who is asked to wait waits at least that long, and a little longer by chance.
        return asked is { } least && least > delay ? least + TimeSpan.FromMilliseconds(grown * 0.25 * _random()) : delay;
    }
}
