using System.Net;
using Ambient.Protocol.L7;
using Ambient.Tls.Origination;

namespace Ambient.Waypoint.Encryption;

/// <summary>How connections to the endpoints of a policy are encrypted, made ready (waypoint reference 2.3.4). Immutable; has no text form of what is secret.</summary>
internal sealed class EndpointTls
{
    private readonly string _serverName;
    private readonly ServerNames? _names;

    private EndpointTls(string broken) => (_serverName, Broken) = ("", broken);

    private EndpointTls(OriginationContext context, string serverName, ServerNames? names) => (Context, _serverName, _names) = (context, serverName, names);

    /// <summary>Why it cannot be used: then nothing is sent at all. Null: it can.</summary>
    public string? Broken { get; }

    /// <summary>Certificates, authorities and kept sessions; null when broken.</summary>
    public OriginationContext? Context { get; }

    /// <summary>Settings that nobody knows.</summary>
    public static EndpointTls Unknown { get; } = new("its settings are not known");

    /// <summary>Makes settings ready; those that cannot be used are broken.</summary>
    public static EndpointTls Make(UpstreamTls settings)
    {
        if (settings.Broken.Length > 0)
        {
            return new EndpointTls(settings.Broken);
        }

        OriginationSettings wanted = new()
        {
            Authorities = settings.Authorities.Memory,
            Certificate = settings.Certificate.Memory,
            PrivateKey = settings.PrivateKey.Memory,
            Revocations = settings.Revocations.Memory,
            SkipVerify = settings.SkipVerify,
        };
        return !OriginationContext.TryCreate(wanted, out OriginationContext? context, out string? error) ? new EndpointTls(error)
            : new EndpointTls(context, settings.Sni, settings.SubjectAltNames.Count > 0 ? new ServerNames(settings.SubjectAltNames) : null);
    }

    /// <summary>Which server is meant.</summary>
    /// <param name="authority">The request's authority; empty where there is no request.</param>
    /// <param name="hostname">The destination's name, for want of anything else.</param>
    public TlsUse For(ReadOnlySpan<char> authority, string hostname)
    {
        string name = _serverName.Length > 0 ? _serverName : authority.IsEmpty ? hostname : HostOf(authority);
        return new TlsUse(this, name, _serverName.Length == 0 && name != hostname);
    }

    /// <summary>What a certificate must say: the names that were given, else the name of the server that is asked for.</summary>
    public ServerNames NamesFor(string serverName) => _names ?? new ServerNames([serverName]);

    private static string HostOf(ReadOnlySpan<char> authority)
    {
        int colon = authority.LastIndexOf(':');
        ReadOnlySpan<char> host = colon > 0 && (authority[0] != '[' || authority[colon - 1] == ']') && !authority[(colon + 1)..].ContainsAnyExceptInRange('0', '9') && (authority[0] == '[' || !IPAddress.TryParse(authority, out _))
            ? authority[..colon]
            : authority;
        return host.ToString().ToLowerInvariant();
    }
}
