namespace Ambient.Waypoint.Observation.Plans;

/// <summary>Where a label's value comes from. Immutable.</summary>
/// <param name="Usual">Index among the usual labels; −1 for another source.</param>
/// <param name="Computed">Index among a plan's expressions; −1 for another source.</param>
/// <param name="Constant">The value itself.</param>
internal readonly record struct LabelSource(int Usual, int Computed, string Constant)
{
    public static LabelSource OfUsual(int index) => new(index, -1, "");

    public static LabelSource OfComputed(int index) => new(-1, index, "");

    public static LabelSource Of(string constant) => new(-1, -1, constant);
}
