namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>A service of any origin under one host name. Immutable.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">The name of the Service or ServiceEntry.</param>
/// <param name="Hostname">Its host name.</param>
/// <param name="IsEntry">Whether it is of a ServiceEntry.</param>
/// <param name="Ports">Its ports.</param>
public sealed record RoutedService(string Namespace, string Name, string Hostname, bool IsEntry, IReadOnlyList<RoutedPort> Ports)
{
    /// <summary>The name of its resources.</summary>
    public string ResourceName => $"{Namespace}/{Hostname}";
}
