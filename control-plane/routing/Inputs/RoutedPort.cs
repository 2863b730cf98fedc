using Ambient.Protocol.L7;

namespace Ambient.ControlPlane.Routing.Inputs;

/// <summary>A port of a service. Immutable.</summary>
/// <param name="Number">The service's port.</param>
/// <param name="Name">Its name.</param>
/// <param name="Protocol">What it speaks.</param>
public sealed record RoutedPort(ushort Number, string Name, PortProtocol Protocol)
{
    /// <summary>Whether clients may speak gRPC-Web, which endpoints do not see.</summary>
    public bool IsGrpcWeb { get; init; }

    /// <summary>Whether HTTP routes apply.</summary>
    public bool MayBeHttp => Protocol is PortProtocol.Http or PortProtocol.Http2 or PortProtocol.Detect;

    /// <summary>Whether TCP routes apply.</summary>
    public bool MayBeTcp => Protocol is PortProtocol.Tcp or PortProtocol.Tls or PortProtocol.Detect;
}
