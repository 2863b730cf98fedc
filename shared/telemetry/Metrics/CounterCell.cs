namespace Ambient.Telemetry.Metrics;

/// <summary>
/// A number that one thread adds to and any thread reads. Loop-affine for writers: plain adds, no lock, summed when scraped.
/// </summary>
public sealed class CounterCell
{
    private long _value;

    /// <summary>The count so far.</summary>
    public long Value => Volatile.Read(ref _value);

    /// <summary>Adds; only ever from the thread that owns the cell.</summary>
    public void Add(long amount) => Volatile.Write(ref _value, _value + amount);

    /// <summary>Adds one; only ever from the thread that owns the cell.</summary>
    public void Increment() => Add(1);
}
