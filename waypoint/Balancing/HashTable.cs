using Kind = Ambient.Protocol.L7.Balancing;

namespace Ambient.Waypoint.Balancing;

/// <summary>
/// Where keys belong, as a ring or by Maglev's table: a key stays with its endpoint while that is there, and few move when one comes or goes. The same in every process. Immutable.
/// </summary>
internal sealed class HashTable
{
    private const int UsualRing = 1024;
    private const int LargestRing = 8 * 1024 * 1024;
    private const int UsualMaglev = 65_537;
    private const int LargestMaglev = 5_000_011;

    private readonly ulong[] _places;
    private readonly Candidate[] _owners;

    /// <summary>Makes a table over these endpoints.</summary>
    public HashTable(Candidate[] candidates, Kind kind, ulong size)
    {
        Candidates = candidates;
        Candidate[] used = Array.FindAll(candidates, candidate => candidate.Weight > 0);
        if (kind == Kind.Maglev)
        {
            _places = [];
            _owners = Maglev(used, size is 0 or > LargestMaglev ? UsualMaglev : (int)size);
        }
        else
        {
            (_places, _owners) = Ring(used, size == 0 ? UsualRing : (int)Math.Min(size, LargestRing));
        }
    }

    /// <summary>What it was made of.</summary>
    public Candidate[] Candidates { get; }

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
            Candidate owner = _owners[at];
            if (isUsable(owner))
            {
                return owner;
            }

            at = at + 1 == _owners.Length ? 0 : at + 1;
        }

        return null;
    }

    private int RingPlace(ulong key)
    {
        int found = Array.BinarySearch(_places, key);
        int at = found >= 0 ? found : ~found;
        return at == _places.Length ? 0 : at;
    }

    private static (ulong[] Places, Candidate[] Owners) Ring(Candidate[] candidates, int size)
    {
        double total = candidates.Sum(candidate => candidate.Weight);
        double least = candidates.Length == 0 ? 1 : candidates.Min(candidate => candidate.Weight);

        // A power of two for the lightest: their number changes seldom, so that one endpoint more or less moves nobody else's keys.
        double unit = candidates.Length == 0 ? 0 : System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(size * least / total, 1, LargestRing / 2));
        unit = Math.Min(unit, Math.Max(1, LargestRing * least / Math.Max(total, 1)));
        List<(ulong Place, Candidate Owner)> ring = [];
        foreach (Candidate candidate in candidates)
        {
            int count = Math.Max(1, (int)Math.Round(unit * candidate.Weight / least));
            for (int i = 0; i < count; i++)
            {
                ring.Add((StableHash.Mix(candidate.Hash + ((ulong)i * 0x9e3779b97f4a7c15)), candidate));
            }
        }

        ring.Sort(static (a, b) => a.Place != b.Place ? a.Place.CompareTo(b.Place) : a.Owner.Hash.CompareTo(b.Owner.Hash));
        return ([.. ring.Select(entry => entry.Place)], [.. ring.Select(entry => entry.Owner)]);
    }

    // Each endpoint has its own order of places and takes the next free one in turn; lighter ones sit out some turns.
    private static Candidate[] Maglev(Candidate[] candidates, int size)
    {
        if (candidates.Length == 0)
        {
            return [];
        }

        Candidate[] sorted = [.. candidates.OrderBy(candidate => candidate.Hash)];
        Candidate?[] table = new Candidate?[size];
        ulong[] offset = [.. sorted.Select(candidate => candidate.Hash % (ulong)size)];
        ulong[] skip = [.. sorted.Select(candidate => (StableHash.Mix(candidate.Hash) % (ulong)(size - 1)) + 1)];
        ulong[] next = new ulong[sorted.Length];
        double[] credit = new double[sorted.Length];
        double heaviest = sorted.Max(candidate => candidate.Weight);
        int filled = 0;
        while (true)
        {
            for (int i = 0; i < sorted.Length; i++)
            {
                credit[i] += sorted[i].Weight / heaviest;
                if (credit[i] < 1)
                {
                    continue;
                }

                credit[i] -= 1;
                ulong place = (offset[i] + (next[i] * skip[i])) % (ulong)size;
                while (table[place] is not null)
                {
                    next[i]++;
                    place = (offset[i] + (next[i] * skip[i])) % (ulong)size;
                }

                table[place] = sorted[i];
                next[i]++;
                if (++filled == size)
                {
                    return table!;
                }
            }
        }
    }
}
