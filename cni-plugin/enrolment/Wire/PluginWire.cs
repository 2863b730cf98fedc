namespace Ambient.Cni.Enrolment.Wire;

/// <summary>What plugin and agent have agreed on: HTTP/1.1 over a unix socket, one request per connection, bodies by length alone.</summary>
public static class PluginWire
{
    /// <summary>Name of the agent's socket in its run directory.</summary>
    public const string SocketName = "pluginevent.sock";

    /// <summary>Posted to with a <see cref="PluginMessage"/> when a sandbox was made.</summary>
    public const string AddPath = "/cmdadd";

    /// <summary>Posted to with a <see cref="PluginMessage"/> when a sandbox ends.</summary>
    public const string DeletePath = "/cmddel";

    /// <summary>Whether the agent works.</summary>
    public const string HealthPath = "/healthz";

    /// <summary>Longest head of a request or an answer, in bytes.</summary>
    public const int MaxHead = 8 * 1024;

    /// <summary>Longest body of a request or an answer, in bytes.</summary>
    public const int MaxBody = 64 * 1024;
}
