namespace Ambient.Routing.Routes;

/// <summary>Counts what finding a route costs, in look-ups and comparisons.</summary>
internal interface IStepCount
{
    /// <summary>One more.</summary>
    void Step();
}
