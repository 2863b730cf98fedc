using System.Globalization;
using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Observation.Traces;

/// <summary>Whether a request is traced (waypoint reference 4.7): whoever decided before decides; otherwise chance does. Pure.</summary>
internal static class Sampling
{
    // The digit of a UUID that says its version; Envoy keeps its decision there: 4 none yet, 9 by chance, a by a server, b by a client.
    private const int NibbleAt = 14;

    /// <summary>Decides about a request about which nobody has decided.</summary>
    public static bool Decide(FieldList fields, TracePlan plan, Random random)
    {
        fields.TryGet("x-request-id", out ReadOnlySpan<char> id);
        bool isId = !plan.IgnoresRequestId && IsUuid(id);
        bool isChosen = (isId && id[NibbleAt] is '9' or 'a' or 'b')
            || (fields.Contains("x-client-trace-id") && Chance(plan.ClientPercent, random))
            || (isId ? IsChosen(id, plan.RandomPercent) : Chance(plan.RandomPercent, random));
        return isChosen && (plan.OverallPercent >= 100 || Chance(plan.OverallPercent, random));
    }

    /// <summary>Writes the decision into the request's id, so that the next hop with the same rule makes the same one.</summary>
    public static void Mark(FieldList fields, bool isSampled)
    {
        if (isSampled && fields.TryGet("x-request-id", out ReadOnlySpan<char> id) && IsUuid(id) && id[NibbleAt] == '4')
        {
            Span<char> marked = stackalloc char[36];
            id.CopyTo(marked);
            marked[NibbleAt] = '9';
            fields.Set("x-request-id", marked);
        }
    }

    // The same id is chosen by all hops with the same percentage.
    private static bool IsChosen(ReadOnlySpan<char> id, double percent) =>
        uint.TryParse(id[..8], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number) && number % 10_000 < percent * 100;

    private static bool Chance(double percent, Random random) => percent >= 100 || (percent > 0 && random.NextDouble() * 100 < percent);

    private static bool IsUuid(ReadOnlySpan<char> id) => id.Length == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-';
}
