using System.Globalization;

namespace Ambient.Benchmarks.ControlPlane;

/// <summary>What changes cost, in microseconds. Not thread-safe.</summary>
internal sealed class CostOfChanges
{
    private readonly List<double> _toStore = [];
    private readonly List<double> _toClients = [];

    /// <summary>The median until the change is in the store.</summary>
    public double ToStore => Part(_toStore, 50);

    /// <summary>The median until the responses of all clients are made.</summary>
    public double ToClients => Part(_toClients, 50);

    /// <summary>Notes a change.</summary>
    public void Add(double toStore, double toClients)
    {
        _toStore.Add(toStore);
        _toClients.Add(toClients);
    }

    /// <summary>Says what was noted.</summary>
    public void Print(Action<string, string> print, string size)
    {
        print($"one changed pod to the store, {size}", Line(_toStore));
        print($"one changed pod to {MeasuredMesh.Clients} clients' responses, {size}", Line(_toClients));
    }

    private static string Line(List<double> all) => string.Create(CultureInfo.InvariantCulture, $"{Part(all, 50):0} µs median, {all.Average():0} µs mean, {Part(all, 99):0} µs p99");

    private static double Part(List<double> all, int percent) => all.Order().ElementAt(all.Count * percent / 100);
}
