namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>A directory of a list. Immutable.</summary>
internal sealed class ServiceList(IReadOnlyList<RoutedService> services) : IServiceDirectory
{
    private readonly ILookup<string, RoutedService> _byHost = services.ToLookup(service => service.Hostname, StringComparer.OrdinalIgnoreCase);

    public IEnumerable<RoutedService> OfHost(string hostname) => _byHost[hostname];

    public RoutedService? OfObject(string @namespace, string name, bool isEntry) =>
        services.FirstOrDefault(service => service.Namespace == @namespace && service.Name == name && service.IsEntry == isEntry);
}
