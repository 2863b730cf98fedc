namespace Ambient.Waypoint.Configuration;

/// <summary>A service that this waypoint serves. Immutable.</summary>
/// <param name="Ports">Its ports.</param>
internal sealed record ServedService(IReadOnlyList<ServedPort> Ports)
{
    /// <summary>One of its ports; null when it has no such port.</summary>
    public ServedPort? Find(ushort port)
    {
        foreach (ServedPort served in Ports)
        {
            if (served.Table.Port == port)
            {
                return served;
            }
        }

        return null;
    }
}
