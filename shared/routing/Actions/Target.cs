using Ambient.Mesh.Services;
using Ambient.Protocol.L7;

namespace Ambient.Routing.Actions;

/// <summary>One destination of a route. Immutable.</summary>
public sealed class Target
{
    private static readonly NamespacedHostname Nowhere = new("", "");

    internal Target(WeightedTarget source)
    {
        if (source.Destination is { } destination && source.FailStatus == 0)
        {
            Service = new NamespacedHostname(destination.Namespace, destination.Hostname);
            Port = (ushort)destination.Port;
            Subset = destination.Subset;
        }
        else
        {
            Service = Nowhere;
            FailStatus = source.FailStatus == 0 ? 500 : (int)source.FailStatus;
        }

        Request = HeaderEditor.CompileOrEmpty(source.Request);
        Response = HeaderEditor.CompileOrEmpty(source.Response);
    }

    /// <summary>The service; meaningless when the share fails.</summary>
    public NamespacedHostname Service { get; }

    /// <summary>The service's port.</summary>
    public ushort Port { get; }

    /// <summary>The subset; empty for all endpoints.</summary>
    public string Subset { get; } = "";

    /// <summary>The status that requests of this share get at once; 0 when they are forwarded.</summary>
    public int FailStatus { get; }

    /// <summary>Edits of requests that go here.</summary>
    public HeaderEditor Request { get; }

    /// <summary>Edits of responses that come from here.</summary>
    public HeaderEditor Response { get; }
}
