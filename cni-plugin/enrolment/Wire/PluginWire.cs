namespace Ambient.Cni.Enrolment.Wire;

/// <summary>What plugin and agent have agreed on: HTTP/1.1 over a unix socket, one request per connection, bodies by length alone.</summary>
public static class PluginWire
{
    /// <summary>Name of the agent's socket in its run directory.</summary>
    public const string SocketName = "pluginevent.sock";

    /// <summary>Name of the agent's socket for the plugin's log lines, in the same directory.</summary>
    public const string LogSocketName = "log.sock";

    /// <summary>Posted to with a JSON array of texts, each of which is a log line as JSON (cni-and-redirection.md 2.6).</summary>
    public const string LogPath = "/log";

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
