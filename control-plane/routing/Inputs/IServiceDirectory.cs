namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>The services that a waypoint can see, by their names.</summary>
public interface IServiceDirectory
{
    /// <summary>The services under a host name, in any letter case.</summary>
    IEnumerable<RoutedService> OfHost(string hostname);

    /// <summary>The service of an object; null when there is none.</summary>
    RoutedService? OfObject(string @namespace, string name, bool isEntry);
}
