namespace Ambient.Waypoint.Forwarding;

/// <summary>Flags as text. Pure; the usual ones are not made anew.</summary>
internal static class ResponseFlagText
{
    private static readonly string[] Letters = ["UH", "UT", "UR", "UF", "UC", "UO", "NR", "DI", "FI", "UAEX", "DC", "URX", "DPE", "UPE", "NC", "SI", "DF", "RL"];

    public static string Of(ResponseFlags flags)
    {
        int bits = (int)flags;
        if (bits == 0)
        {
            return "-";
        }

        return int.PopCount(bits) == 1
            ? Letters[int.TrailingZeroCount(bits)]
            : string.Join(',', Letters.Where((_, index) => (bits & (1 << index)) != 0));
    }
}
