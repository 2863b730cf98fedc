using Ambient.Identity.Client;

namespace Ambient.Ztunnel.Settings;

/// <summary>Reads the settings of the xDS and CA connections. Used once.</summary>
internal sealed class ControlPlaneParser(EnvironmentReader read, SettingsHost host, List<string> warnings)
{
    private const string UsualRoots = "./var/run/secrets/istio/root-cert.pem";
    private const string UsualToken = "./var/run/secrets/tokens/istio-token";

    private string UsualAddress => read.NonEmpty("KUBERNETES_SERVICE_HOST") is null ? "https://localhost:15012" : "https://istiod.istio-system.svc:15012";

    public ControlPlaneSettings Xds(string? discoveryAddress)
    {
        // An empty XDS_ADDRESS is a decision: no xDS.
        string text = read.Text("XDS_ADDRESS") ?? (string.IsNullOrEmpty(discoveryAddress) ? UsualAddress : discoveryAddress);
        string variable = read.Has("XDS_ADDRESS") ? "XDS_ADDRESS" : "discoveryAddress";
        return Endpoint("XDS", text.Length == 0 ? null : Address(variable, text));
    }

    public ControlPlaneSettings CertificateAuthority(bool isFake)
    {
        if (isFake)
        {
            return Endpoint("CA", null);
        }

        string text = read.Text("CA_ADDRESS") ?? UsualAddress;
        if (text.Length > 0)
        {
            return Endpoint("CA", Address("CA_ADDRESS", text));
        }

        read.Fail("CA_ADDRESS", "no certificate authority", "host:port or https://host:port", "FAKE_CA=true makes certificates locally, for tests");
        return Endpoint("CA", null);
    }

    public TokenSource? Token()
    {
        if (read.NonEmpty("AUTH_TOKEN") is not { } text)
        {
            return host.FileExists(UsualToken) ? new TokenSource(UsualToken, null) : null;
        }

        return host.FileExists(text) ? new TokenSource(text, null) : new TokenSource(null, text);
    }

    private ControlPlaneSettings Endpoint(string prefix, Uri? address) => new()
    {
        Address = address,
        Roots = Roots($"{prefix}_ROOT_CA"),
        AlternativeHostname = read.NonEmpty($"ALT_{prefix}_HOSTNAME"),
        Headers = [.. read.WithPrefix($"{prefix}_HEADER_")],
    };

    private Uri? Address(string variable, string text)
    {
        string full = text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}";
        if (Uri.TryCreate(full, UriKind.Absolute, out Uri? address) && address.Scheme == Uri.UriSchemeHttps && address.Host.Length > 0)
        {
            return address;
        }

        read.Errors.Add(new SettingError(variable, text, "not an https address", "host:port or https://host:port", "the control plane is reached over TLS only"));
        return null;
    }

    private RootSource Roots(string variable)
    {
        string text = read.NonEmpty(variable) ?? UsualRoots;
        if (text == "SYSTEM")
        {
            return new RootSource(RootSourceKind.System, string.Empty);
        }

        if (text.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            return new RootSource(RootSourceKind.Inline, text);
        }

        // The file may come later (a mounted secret), so this is no error; each connection reads it again.
        if (read.NonEmpty(variable) is not null && !host.FileExists(text))
        {
            warnings.Add($"{variable}={text}: no such file yet; connections fail until it exists");
        }

        return new RootSource(RootSourceKind.File, text);
    }
}
