namespace Ambient.Routing.Actions;

/// <summary>
/// How large the tables are by which keys find their endpoints. They are made on an event loop, where nothing may take long: hence the largest. Pure.
/// </summary>
public static class HashTableSizes
{
    /// <summary>Places of a ring when nothing is said.</summary>
    public const uint UsualRing = 1024;

    /// <summary>The most places that may be wanted of a ring. It has twice as many at most, for it grows by powers of two.</summary>
    public const uint LargestRing = 16_384;

    /// <summary>Places of a Maglev table when nothing is said.</summary>
    public const uint UsualMaglev = 65_537;

    /// <summary>The most places of a Maglev table: a prime.</summary>
    public const uint LargestMaglev = 131_071;

    /// <summary>The size of a ring for which this many places are wanted; 0 for none said.</summary>
    public static int Ring(ulong wanted) => (int)(wanted == 0 ? UsualRing : Math.Min(wanted, LargestRing));

    /// <summary>
    /// The size of a Maglev table for which this many places are wanted; 0 for none said. Always a prime: by any other number an endpoint's steps may never meet the places that are free.
    /// </summary>
    public static int Maglev(ulong wanted)
    {
        int size = (int)(wanted == 0 ? UsualMaglev : Math.Clamp(wanted, 2, LargestMaglev));
        while (!IsPrime(size))
        {
            size++;
        }

        return size;
    }

    private static bool IsPrime(int number)
    {
        for (int divisor = 2; divisor * divisor <= number; divisor++)
        {
            if (number % divisor == 0)
            {
                return false;
            }
        }

        return number > 1;
    }
}
