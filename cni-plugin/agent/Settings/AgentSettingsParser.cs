using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ambient.Cni.Enrolment;
using Ambient.Cni.Enrolment.Selectors;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Telemetry.Logging;

namespace Ambient.Cni.Agent.Settings;

/// <summary>Reads the environment and collects every error instead of stopping at the first. Used once.</summary>
internal sealed class AgentSettingsParser(IReadOnlyDictionary<string, string> environment)
{
    private static readonly AgentSettings Defaults = new();
    private readonly List<string> _errors = [];

    public IReadOnlyList<string> Errors => _errors;

    public AgentSettings Parse()
    {
        ProbeMode probes = Choice("PROBE_MODE", Defaults.Probes, ("auto", ProbeMode.Automatic), ("translate", ProbeMode.Translate), ("node-address", ProbeMode.NodeAddress), ("off", ProbeMode.Off));
        RedirectionMethod method = Choice("AMBIENT_REDIRECTION", Defaults.Method, ("translation", RedirectionMethod.Translation), ("sockets", RedirectionMethod.Sockets));
        RedirectionBackEnd backEnd = Choice("AMBIENT_BACKEND", Defaults.BackEnd, ("nftables", RedirectionBackEnd.Nftables), ("iptables-nft", RedirectionBackEnd.IptablesNft), ("iptables-legacy", RedirectionBackEnd.IptablesLegacy));
        if (method == RedirectionMethod.Sockets && backEnd != RedirectionBackEnd.Nftables)
        {
            Fail("AMBIENT_REDIRECTION", "sockets needs nftables", "translation, or AMBIENT_BACKEND=nftables");
        }

        if (probes == ProbeMode.NodeAddress && Text("HOST_PROBE_SNAT_IP") is null && Text("HOST_PROBE_SNAT_IPV6") is null)
        {
            Fail("HOST_PROBE_SNAT_IP", "PROBE_MODE=node-address needs the node's address", "the address under which pods see their node");
        }

        return Defaults with
        {
            NodeName = Text("NODE_NAME") ?? Text("KUBERNETES_NODE_NAME"),
            ManifestFolder = Text("AMBIENT_MANIFEST_DIR"),
            StatusFolder = Text("AMBIENT_STATUS_DIR"),
            RunDirectory = AbsolutePath("CNI_AGENT_RUN_DIR") ?? Defaults.RunDirectory,
            ZtunnelSocket = AbsolutePath("ZTUNNEL_UDS_ADDRESS") ?? Defaults.ZtunnelSocket,
            HostRoot = (AbsolutePath("HOST_ROOT") ?? "").TrimEnd('/'),
            Enrolment = new EnrolmentOptions
            {
                Selectors = Selectors(),
                ExcludedNamespaces = EnrolmentOptions.ParseNamespaces(Text("EXCLUDE_NAMESPACES")),
                SystemNamespace = Text("SYSTEM_NAMESPACE") ?? "istio-system",
                AgentNamespace = Text("POD_NAMESPACE") ?? "",
            },
            DnsCapture = Flag("AMBIENT_DNS_CAPTURE", Defaults.DnsCapture),
            Ipv6 = Flag("AMBIENT_IPV6", Defaults.Ipv6),
            Method = method,
            BackEnd = backEnd,
            Strict = Flag("AMBIENT_STRICT", Defaults.Strict),
            SecretMarks = Flag("AMBIENT_SECRET_MARKS", Defaults.SecretMarks),
            OpenAfter = Seconds("AMBIENT_OPEN_AFTER", Defaults.OpenAfter, 1, 3600),
            HoldFor = Seconds("AMBIENT_HOLD", Defaults.HoldFor, 0, 60),
            ProofInterval = Seconds("AMBIENT_PROOF_INTERVAL", Defaults.ProofInterval, 1, 3600),
            AddPatience = Seconds("AMBIENT_ADD_TIMEOUT", Defaults.AddPatience, 1, Defaults.AddPatience.TotalSeconds),
            Probes = probes,
            ProbeAddress = Address("HOST_PROBE_SNAT_IP", AddressFamily.InterNetwork) ?? Defaults.ProbeAddress,
            ProbeAddressV6 = Address("HOST_PROBE_SNAT_IPV6", AddressFamily.InterNetworkV6) ?? Defaults.ProbeAddressV6,
            CniFolder = Flag("AMBIENT_INSTALL", true) ? AbsolutePath("MOUNTED_CNI_NET_DIR") ?? Defaults.CniFolder : null,
            ChainIntoPrimary = Flag("AMBIENT_CHAIN_INTO_PRIMARY", false),
            IsStandalone = !Flag("CHAINED_CNI_PLUGIN", true),
            OwnFileName = FileName("ISTIO_OWNED_CNI_CONFIG_FILENAME") ?? FileName("ISTIO_OWNED_CNI_CONF_FILENAME") ?? Defaults.OwnFileName,
            PrimaryFileName = FileName("CNI_CONF_NAME"),
            BinFolder = AbsolutePath("CNI_BIN_DIR"),
            PluginBinary = AbsolutePath("PLUGIN_BINARY"),
            IsOnHostNetwork = Flag("AGENT_ON_HOST_NETWORK", false),
            MetricsPort = Port("MONITORING_PORT", Defaults.MetricsPort),
            HealthPort = Port("HEALTH_PORT", Defaults.HealthPort),
            Log = Directives(),
        };
    }

    private string? Text(string name) => environment.TryGetValue(name, out string? value) && value.Length > 0 ? value : null;

    private void Fail(string name, string reason, string allowed) =>
        _errors.Add((Text(name) is { } value ? $"invalid env var {name}={value}" : $"missing env var {name}") + $" ({reason}); allowed: {allowed}");

    private T Choice<T>(string name, T otherwise, params (string Text, T Value)[] choices)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        foreach ((string word, T value) in choices)
        {
            if (word == text)
            {
                return value;
            }
        }

        Fail(name, "not a known choice", string.Join(", ", choices.Select(c => c.Text)));
        return otherwise;
    }

    private bool Flag(string name, bool otherwise) => Choice(name, otherwise, ("true", true), ("false", false));

    private TimeSpan Seconds(string name, TimeSpan otherwise, double lowest, double highest)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds >= lowest && seconds <= highest)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        Fail(name, "not a number of seconds", string.Create(CultureInfo.InvariantCulture, $"{lowest} to {highest}"));
        return otherwise;
    }

    // Port 0 takes any free one: tests.
    private int Port(string name, int otherwise)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            return port;
        }

        Fail(name, "not a port", "0 to 65535");
        return otherwise;
    }

    private IPAddress? Address(string name, AddressFamily family)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == family && !text.Contains('%'))
        {
            return address;
        }

        Fail(name, "not an address", family == AddressFamily.InterNetwork ? "an IPv4 address" : "an IPv6 address without a zone");
        return null;
    }

    private string? AbsolutePath(string name)
    {
        string? text = Text(name);
        if (text is not null && !text.StartsWith('/'))
        {
            Fail(name, "not an absolute path", "a path that begins with /");
        }

        return text;
    }

    private string? FileName(string name)
    {
        string? text = Text(name);
        if (text is not null && (text.Contains('/') || text is "." or ".."))
        {
            Fail(name, "not a file name", "a name without /");
        }

        return text;
    }

    private IReadOnlyList<EnablementSelector> Selectors()
    {
        // Set and empty is upstream's way of saying "nobody".
        if (!environment.TryGetValue("AMBIENT_ENABLEMENT_SELECTOR", out string? text))
        {
            return Defaults.Enrolment.Selectors;
        }

        if (SelectorText.TryRead(text, out IReadOnlyList<EnablementSelector> selectors, out string? error))
        {
            return selectors;
        }

        Fail("AMBIENT_ENABLEMENT_SELECTOR", error, "a YAML list of objects with podSelector and namespaceSelector");
        return Defaults.Enrolment.Selectors;
    }

    private LogDirectives Directives()
    {
        if (Text("AMBIENT_LOG") is not { } text)
        {
            return LogDirectives.Default;
        }

        if (LogDirectives.TryParse(text, out LogDirectives? directives, out string? error))
        {
            return directives!;
        }

        Fail("AMBIENT_LOG", error ?? "not log levels", "such as info or warn,agent::zds=debug");
        return LogDirectives.Default;
    }
}
