using Ambient.Mesh.Services;
using Ambient.Protocol.L7;
using Ambient.Tls.Edges;
using Ambient.Tls.Handshakes;

namespace Ambient.Waypoint.Edges;

/// <summary>From what the control plane says to ports that can be opened. A listener whose certificate cannot be used is there, and closed. Pure but for the making of contexts.</summary>
internal static class EdgeCompiler
{
    /// <summary>Compiles a port; contexts of <paramref name="before"/> are kept where nothing about them is different, so that clients can resume.</summary>
    public static EdgePortTable Compile(EdgePort port, IReadOnlyDictionary<string, EdgeCredential> credentials, EdgePortTable? before)
    {
        EdgeListenerTable[] all = [.. port.Listeners.Select(listener => Compile(port, listener, credentials, before?.All.FirstOrDefault(old => old.Name == listener.Name)))];
        return new EdgePortTable
        {
            Port = (ushort)port.Port,
            Protocol = port.Protocol,
            All = all,
            Listeners = new HostTable<EdgeListenerTable>(port.Listeners.Zip(all).SelectMany(static pair => pair.First.Hostnames.DefaultIfEmpty("*").Select(host => (host, pair.Second)))),
        };
    }

    /// <summary>The credentials that a port needs.</summary>
    public static IEnumerable<string> Needs(EdgePort port) => port.Listeners.Where(static listener => listener.Tls is not null).SelectMany(static listener => Needs(listener.Tls)).Distinct(StringComparer.Ordinal);

    /// <summary>Which of the credentials that a listener needs has the authorities of its clients.</summary>
    public static EdgeCredential AuthoritiesOf(EdgeTls settings, IReadOnlyList<EdgeCredential> used) => settings.Authorities.Length > 0 ? used[^1] : used[0];

    private static IEnumerable<string> Needs(EdgeTls tls) => tls.Mesh ? [] : tls.Authorities.Length > 0 ? tls.Credentials.Append(tls.Authorities) : tls.Credentials;

    private static EdgeListenerTable Compile(EdgePort port, EdgeListener listener, IReadOnlyDictionary<string, EdgeCredential> credentials, EdgeListenerTable? before)
    {
        string? broken = listener.Broken.Length > 0 ? listener.Broken : null;
        EdgeTermination? tls = null;
        if (broken is null && port.Protocol == EdgeProtocol.EdgeTls)
        {
            if (listener.Tls is null)
            {
                broken = "it says nothing about TLS";
            }
            else if (!listener.Tls.Passthrough)
            {
                broken = Terminate(listener, credentials, before?.Tls, out tls);
            }
        }

        return new EdgeListenerTable
        {
            Name = listener.Name,
            Port = (ushort)port.Port,
            Broken = broken,
            Tls = tls,
            Connections = listener.Connections.Length > 0 ? new NamespacedHostname(port.Namespace, listener.Connections) : null,
            Hosts = new HostTable<EdgeRoutes>(listener.Hosts.Select(host => (host.Hostname, new EdgeRoutes(new NamespacedHostname(port.Namespace, host.Routes))))),
        };
    }

    private static string? Terminate(EdgeListener listener, IReadOnlyDictionary<string, EdgeCredential> credentials, EdgeTermination? before, out EdgeTermination? tls)
    {
        tls = null;
        List<EdgeCredential> used = [];
        foreach (string name in Needs(listener.Tls))
        {
            if (!credentials.TryGetValue(name, out EdgeCredential? credential))
            {
                return $"the credential {name} is missing";
            }

            used.Add(credential);
        }

        if (before?.IsOf(listener.Tls, used) == true)
        {
            tls = before;
            return null;
        }

        if (listener.Tls.Mesh)
        {
            if (listener.Tls.Check != ClientCheck.CheckRequired || listener.Tls.ToleratesBadClients)
            {
                return "clients of the mesh must show certificates, and good ones";
            }

            tls = new EdgeTermination(listener.Tls, [], null, new ClientRules(listener.Tls)) { Mesh = new MeshContexts(Options(listener, [], [], [])) };
            return null;
        }

        try
        {
            if (Options(listener, used, out string error) is not { } options)
            {
                return error;
            }

            tls = new EdgeTermination(listener.Tls, used, EdgeContext.Create(options), new ClientRules(listener.Tls));
            return null;
        }
        catch (TlsException unusable)
        {
            return unusable.Message;
        }
    }

    private static EdgeContextOptions? Options(EdgeListener listener, List<EdgeCredential> used, out string error)
    {
        error = "";
        EdgeTls settings = listener.Tls;
        List<EdgeCertificate> certificates = [];
        foreach (EdgeCredential credential in used.Take(settings.Credentials.Count))
        {
            if (!EdgeCertificate.TryRead(credential.Chain.Span, credential.Key.Span, out EdgeCertificate? certificate, out error))
            {
                error = $"the credential {credential.Name}: {error}";
                return null;
            }

            certificates.Add(certificate!);
        }

        IReadOnlyList<ReadOnlyMemory<byte>> authorities = [], revocations = [];
        if (settings.Check != ClientCheck.CheckNone && used.Count > 0)
        {
            EdgeCredential clients = AuthoritiesOf(settings, used);
            bool isUsable = settings.ToleratesBadClients && clients.Authorities.IsEmpty;
            isUsable |= PemFile.TryRead(clients.Authorities.Span, static label => label is "CERTIFICATE" or "X509 CERTIFICATE" or "TRUSTED CERTIFICATE", out authorities, out error);
            isUsable &= clients.Revocations.IsEmpty || PemFile.TryRead(clients.Revocations.Span, static label => label == "X509 CRL", out revocations, out error);
            if (!isUsable)
            {
                error = $"the credential {clients.Name}: authorities of clients: {error}";
                return null;
            }
        }

        return Options(listener, certificates, authorities, revocations);
    }

    private static EdgeContextOptions Options(EdgeListener listener, IReadOnlyList<EdgeCertificate> certificates, IReadOnlyList<ReadOnlyMemory<byte>> authorities, IReadOnlyList<ReadOnlyMemory<byte>> revocations)
    {
        EdgeTls settings = listener.Tls;
        return new EdgeContextOptions
        {
            Certificates = certificates,
            SpeaksHttp = listener.Connections.Length == 0,
            MinVersion = settings.MinVersion == 0 ? 0x0303 : (int)settings.MinVersion,
            MaxVersion = settings.MaxVersion == 0 ? 0x0304 : (int)settings.MaxVersion,
            Ciphers = [.. settings.Ciphers],
            ClientCertificates = settings.Check switch
            {
                ClientCheck.CheckRequired => ClientCertificateMode.Required,
                ClientCheck.CheckIfGiven => ClientCertificateMode.IfGiven,
                _ => ClientCertificateMode.None,
            },
            Authorities = authorities,
            Revocations = revocations,
            ToleratesBadClients = settings.ToleratesBadClients,
        };
    }
}
