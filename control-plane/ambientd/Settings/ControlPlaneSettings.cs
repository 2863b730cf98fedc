using System.Net;
using Ambient.ControlPlane.Discovery.Settings;
using Ambient.Telemetry.Logging;

namespace Ambient.ControlPlane.Settings;

/// <summary>What the program is told by its environment. Immutable.</summary>
public sealed record ControlPlaneSettings
{
    /// <summary>A folder of manifests instead of the Kubernetes API.</summary>
    public string? ManifestFolder { get; init; }

    /// <summary>The tokens that are good beside a folder of manifests.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Where a self-signed root is kept.</summary>
    public string AuthorityFolder { get; init; } = "/var/lib/ambient/authority";

    /// <summary>Where operators plug in an authority.</summary>
    public string PluggedFolder { get; init; } = "/etc/cacerts";

    /// <summary>Whether roots may change while it runs.</summary>
    public bool MayChangeRoots { get; init; }

    /// <summary>The mesh.</summary>
    public MeshSettings Mesh { get; init; } = new();

    /// <summary>Accounts of node proxies, <c>namespace/account</c>.</summary>
    public IReadOnlyList<string> TrustedNodeAccounts { get; init; } = [];

    /// <summary>The audiences of tokens.</summary>
    public IReadOnlyList<string> Audiences { get; init; } = ["istio-ca"];

    /// <summary>Further names of the server.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Where xDS and the certificate service listen.</summary>
    public IPEndPoint XdsAddress { get; init; } = new(IPAddress.Any, 15012);

    /// <summary>Where it says whether it is ready.</summary>
    public IPEndPoint ReadyAddress { get; init; } = new(IPAddress.Any, 8080);

    /// <summary>What is logged.</summary>
    public LogDirectives Log { get; init; } = LogDirectives.Default;

    /// <summary>The names of the server's certificate (control-plane reference 5.1).</summary>
    public IReadOnlyList<string> ServerNames
    {
        get
        {
            string ns = Mesh.SystemNamespace;
            IEnumerable<string> names = [$"istiod.{ns}.svc", $"istiod-remote.{ns}.svc", $"istio-pilot.{ns}.svc"];
            names = Mesh.Revision is "" or "default" ? names : names.Append($"istiod-{Mesh.Revision}.{ns}.svc");
            return [.. names.Concat(Hosts).Distinct(StringComparer.Ordinal)];
        }
    }

    /// <summary>Reads the environment; null when anything is wrong, with all of it in <paramref name="errors"/>.</summary>
    public static ControlPlaneSettings? Parse(IReadOnlyDictionary<string, string> environment, out IReadOnlyList<string> errors)
    {
        var wrong = new List<string>();
        string Text(string name, string otherwise) => environment.TryGetValue(name, out string? value) && value.Length > 0 ? value : otherwise;
        string[] List(string name, string otherwise) => Text(name, otherwise).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        IPEndPoint Address(string name, string otherwise)
        {
            if (IPEndPoint.TryParse(Text(name, otherwise), out IPEndPoint? address))
            {
                return address;
            }

            wrong.Add($"{name}: '{Text(name, "")}' is no address with port; allowed: such as {otherwise}");
            return new IPEndPoint(IPAddress.Any, 0);
        }

        string system = Text("POD_NAMESPACE", "istio-system");
        string[] accounts = List("CA_TRUSTED_NODE_ACCOUNTS", "");
        wrong.AddRange(accounts.Where(static account => account.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
            .Select(static account => $"CA_TRUSTED_NODE_ACCOUNTS: '{account}' is not namespace/serviceaccount; allowed: such as istio-system/ztunnel"));
        var settings = new ControlPlaneSettings
        {
            ManifestFolder = environment.GetValueOrDefault("AMBIENT_MANIFEST_DIR"),
            TokenFile = environment.GetValueOrDefault("AMBIENT_TOKEN_FILE"),
            AuthorityFolder = Text("AMBIENT_CA_DIR", "/var/lib/ambient/authority"),
            PluggedFolder = Text("ROOT_CA_DIR", "/etc/cacerts"),
            MayChangeRoots = Text("ISTIO_MULTIROOT_MESH", "false") is "true" or "1",
            Mesh = new MeshSettings
            {
                ClusterId = Text("CLUSTER_ID", "Kubernetes"),
                SystemNamespace = system,
                RootNamespace = Text("ROOT_NAMESPACE", system),
                DomainSuffix = Text("DOMAIN_SUFFIX", "cluster.local"),
                TrustDomain = Text("TRUST_DOMAIN", MeshSettings.DefaultTrustDomain),
                Revision = Text("REVISION", "default"),
                SendsDryRun = Text("AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY", "false") is "true" or "1",
            },
            TrustedNodeAccounts = accounts,
            Audiences = List("TOKEN_AUDIENCES", "istio-ca"),
            Hosts = List("ISTIOD_CUSTOM_HOST", ""),
            XdsAddress = Address("AMBIENT_XDS_ADDRESS", "0.0.0.0:15012"),
            ReadyAddress = Address("AMBIENT_READY_ADDRESS", "0.0.0.0:8080"),
            Log = Directives(environment.GetValueOrDefault("AMBIENT_LOG"), wrong),
        };
        if (settings.ManifestFolder is not null && settings.TokenFile is null)
        {
            wrong.Add("AMBIENT_TOKEN_FILE: missing; with AMBIENT_MANIFEST_DIR there is no API server that judges tokens; allowed: a file with lines token,namespace,account,pod,uid");
        }

        errors = wrong;
        return wrong.Count == 0 ? settings : null;
    }

    private static LogDirectives Directives(string? text, List<string> wrong)
    {
        if (string.IsNullOrEmpty(text))
        {
            return LogDirectives.Default;
        }

        if (LogDirectives.TryParse(text, out LogDirectives? directives, out string? error))
        {
            return directives;
        }

        wrong.Add($"AMBIENT_LOG: {error}; allowed: such as info,ambientd::xds=debug");
        return LogDirectives.Default;
    }
}
