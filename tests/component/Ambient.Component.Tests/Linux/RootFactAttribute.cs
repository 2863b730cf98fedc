using Ambient.Linux.Proc;

namespace Ambient.Component.Tests.Linux;

/// <summary>Runs only with the capabilities that in-pod mode needs, and says which are missing otherwise.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        IReadOnlyList<string> missing = CapabilitySet.OfThisProcess().Missing(CapabilitySet.ForPods);
        if (missing.Count > 0)
        {
            Skip = "needs " + string.Join(", ", missing);
        }
    }
}
