using Ambient.Routing.Actions;
using Kind = Ambient.Protocol.L7.Balancing;

namespace Ambient.Waypoint.Balancing;

/// <summary>
/// Where keys belong, as a ring or by Maglev's table: a key stays with its endpoint while that is there, and few move when one comes or goes. The same in every process. Immutable.
/// </summary>
internal sealed class HashTable
{
    private const int Free = -1;

    private readonly Kind _kind;
    private readonly ulong _wanted;
    private readonly ulong[] _places;
    private readonly int[] _owners;

    /// <summary>Makes a table over these endpoints.</summary>
    /// <param name="candidates">The endpoints.</param>
    /// <param name="kind">Maglev's table, or else a ring.</param>
    /// <param name="size">How many places are wanted, as <see cref="HashTableSizes"/> understands it.</param>
    public HashTable(Candidate[] candidates, Kind kind, ulong size)
    {
        (Candidates, _kind, _wanted) = (candidates, kind, size);
        int[] used = [.. Enumerable.Range(0, candidates.Length).Where(i => candidates[i].Weight > 0).OrderBy(i => candidates[i].Hash)];
        if (used.Length == 0)
        {
            _places = [];
            _owners = [];
        }
        else if (kind == Kind.Maglev)
        {
            _places = [];
            _owners = Maglev(candidates, used, HashTableSizes.Maglev(size));
        }
        else
        {
            (_places, _owners) = Ring(candidates, used, HashTableSizes.Ring(size));
        }
    }

    private HashTable(HashTable same, Candidate[] candidates) =>
        (Candidates, _kind, _wanted, _places, _owners) = (candidates, same._kind, same._wanted, same._places, same._owners);

    /// <summary>What it was made of.</summary>
    public Candidate[] Candidates { get; }

    /// <summary>How many places it has.</summary>
    public int Places => _owners.Length;

    /// <summary>
    /// The table of these endpoints, if that is this one: each change in the mesh makes endpoints anew, and seldom others. Null: it must be made.
    /// </summary>
    public HashTable? For(Candidate[] candidates, Kind kind, ulong size)
    {
        if (kind != _kind || size != _wanted)
        {
            return null;
        }

        if (ReferenceEquals(candidates, Candidates))
        {
            return this;
        }

        return HasSamePlaces(candidates) ? new HashTable(this, candidates) : null;
    }

    /// <summary>The owner of a key, or the next who is in service; null when nobody is.</summary>
    public Candidate? Find(ulong key, Func<Candidate, bool> isUsable)
    {
        if (_owners.Length == 0)
        {
            return null;
        }

        ulong mixed = StableHash.Mix(key);
        int at = _places.Length > 0 ? RingPlace(mixed) : (int)(mixed % (ulong)_owners.Length);
        for (int i = 0; i < _owners.Length; i++)
        {
            Candidate owner = Candidates[_owners[at]];
            if (isUsable(owner))
            {
                return owner;
            }

            at = at + 1 == _owners.Length ? 0 : at + 1;
        }

        return null;
    }

    private bool HasSamePlaces(Candidate[] candidates)
    {
        if (candidates.Length != Candidates.Length)
        {
            return false;
        }

        for (int i = 0; i < candidates.Length; i++)
        {
            if (!candidates[i].Weight.Equals(Candidates[i].Weight) || !candidates[i].Key.Equals(Candidates[i].Key))
            {
                return false;
            }
        }

        return true;
    }

    private int RingPlace(ulong key)
    {
        int found = Array.BinarySearch(_places, key);
        int at = found >= 0 ? found : ~found;
        return at == _places.Length ? 0 : at;
    }

    private static (ulong[] Where, int[] Owners) Ring(Candidate[] candidates, int[] used, int size)
    {
        double total = used.Sum(i => candidates[i].Weight);
        double least = used.Min(i => candidates[i].Weight);

        // A power of two for the lightest: their number changes seldom, so that one endpoint more or less moves nobody else's keys.
        double unit = System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(size * least / total, 1, size));

        // What all of them get stays within twice the largest ring, but for one place each, however much heavier than the lightest the others are.
        double most = 2.0 * HashTableSizes.LargestRing * least / total;
        unit = Math.Min(unit > most ? unit / 2 : unit, most);
        int[] counts = [.. used.Select(i => Math.Max(1, (int)Math.Round(unit * candidates[i].Weight / least)))];
        ulong[] places = new ulong[counts.Sum()];
        int[] owners = new int[places.Length];
        int at = 0;
        for (int n = 0; n < used.Length; n++)
        {
            for (int i = 0; i < counts[n]; i++)
            {
                places[at] = StableHash.Mix(candidates[used[n]].Hash + ((ulong)i * 0x9e3779b97f4a7c15));
                owners[at] = used[n];
                at++;
            }
        }

        Array.Sort(places, owners);
        for (int i = 1; i < places.Length; i++)
        {
            // A place that two endpoints have: the same of them comes first in every process.
            if (places[i] == places[i - 1] && candidates[owners[i]].Hash < candidates[owners[i - 1]].Hash)
            {
                (owners[i - 1], owners[i]) = (owners[i], owners[i - 1]);
            }
        }

        return (places, owners);
    }

    // Each endpoint has its own order of places and takes the next free one in turn; lighter ones sit out some turns. The order leads to every place, for their number is a prime.
    private static int[] Maglev(Candidate[] candidates, int[] used, int size)
    {
        int[] table = new int[size];
        Array.Fill(table, Free);
        int[] place = [.. used.Select(i => (int)(candidates[i].Hash % (ulong)size))];
        int[] skip = [.. used.Select(i => (int)(StableHash.Mix(candidates[i].Hash) % (ulong)(size - 1)) + 1)];
        double[] credit = new double[used.Length];
        double heaviest = used.Max(i => candidates[i].Weight);
        int filled = 0;
        while (true)
        {
            for (int n = 0; n < used.Length; n++)
            {
                credit[n] += candidates[used[n]].Weight / heaviest;
                if (credit[n] < 1)
                {
                    continue;
                }

                credit[n] -= 1;
                while (table[place[n]] != Free)
                {
                    int next = place[n] + skip[n];
                    place[n] = next < size ? next : next - size;
                }

                table[place[n]] = used[n];
                if (++filled == size)
                {
                    return table;
                }
            }
        }
    }
}
