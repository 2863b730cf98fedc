using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Serving;

/// <summary>Remembers which names were asked for, so that who asked hears when one of them means something else. Used for one computation.</summary>
internal sealed class RecordingDirectory(ServiceBook book) : IServiceDirectory
{
    /// <summary>The names that were asked for.</summary>
    public HashSet<string> Asked { get; } = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public IEnumerable<RoutedService> OfHost(string hostname)
    {
        Asked.Add(HostKey(hostname));
        return book.OfHost(hostname);
    }

    /// <inheritdoc/>
    public RoutedService? OfObject(string @namespace, string name, bool isEntry)
    {
        Asked.Add(ObjectKey(@namespace, name, isEntry));
        return book.OfObject(@namespace, name, isEntry);
    }

    /// <summary>Every name that a service can be asked for by.</summary>
    public static IEnumerable<string> KeysOf(RoutedService service) => [HostKey(service.Hostname), ObjectKey(service.Namespace, service.Name, service.IsEntry)];

    private static string HostKey(string hostname) => "host:" + hostname.ToLowerInvariant();

    private static string ObjectKey(string @namespace, string name, bool isEntry) => $"{(isEntry ? "entry" : "service")}:{@namespace}/{name}";
}
