namespace Ambient.Mesh.Routing;

/// <summary>The proxy's own ports, to which no connection may lead (ztunnel.md 3.10). Immutable.</summary>
public sealed class IllegalPorts
{
    private readonly ushort[] _ports;

    /// <summary>A set of the given ports.</summary>
    public IllegalPorts(params ReadOnlySpan<ushort> ports) => _ports = ports.ToArray();

    /// <summary>15008, 15006 and 15001.</summary>
    public static IllegalPorts Default { get; } = new(15008, 15006, 15001);

    /// <summary><see cref="Default"/> and 15080, when SOCKS5 is on.</summary>
    public static IllegalPorts WithSocks { get; } = new(15008, 15006, 15001, 15080);

    /// <summary>The ports.</summary>
    public IReadOnlyList<ushort> Ports => _ports;

    /// <summary>Whether the port is one of them.</summary>
    public bool Contains(ushort port) => Array.IndexOf(_ports, port) >= 0;
}
