using Ambient.Mesh.Addresses;

namespace Ambient.Waypoint.Names;

/// <summary>What a name leads to, as far as it may be used. Immutable.</summary>
/// <param name="Addresses">In the order of their values; the same array as long as they are the same.</param>
/// <param name="InOrder">In the order of the last answer.</param>
/// <param name="Reason">Why there are none.</param>
internal sealed record NameAnswer(IpAddress[] Addresses, IpAddress[] InOrder, string Reason)
{
    /// <summary>There are none.</summary>
    public static NameAnswer Nothing(string reason) => new([], [], reason);

    /// <summary>These; what is the same as before stays the same object.</summary>
    public static NameAnswer Of(IReadOnlyList<IpAddress> addresses, NameAnswer? before)
    {
        IpAddress[] inOrder = [.. addresses.Distinct()];
        if (before is not null && before.InOrder.AsSpan().SequenceEqual(inOrder))
        {
            return before;
        }

        IpAddress[] sorted = [.. inOrder];
        Array.Sort(sorted, static (a, b) => a.CompareTo(b));
        return new NameAnswer(before is not null && before.Addresses.AsSpan().SequenceEqual(sorted) ? before.Addresses : sorted, inOrder, "");
    }
}
