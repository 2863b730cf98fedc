using Ambient.Cni.Agent.Settings;

namespace Ambient.Cni.Agent.Installation;

/// <summary>What is installed and where. Immutable.</summary>
/// <param name="CniFolder">The runtime's configuration folder.</param>
/// <param name="RunDirectory">Where the plugin finds the agent's socket, on the node.</param>
public sealed record InstallerOptions(string CniFolder, string RunDirectory)
{
    /// <summary>Our entry goes into the primary's file; otherwise into a file of our own that sorts first.</summary>
    public bool ChainIntoPrimary { get; init; }

    /// <summary>
    /// A file with our entry alone, which another program's networks name (Multus): nothing is waited for and nothing has to sort before anything. It is
    /// called <see cref="PrimaryFileName"/>, else <see cref="StandaloneFileName"/>.
    /// </summary>
    public bool IsStandalone { get; init; }

    /// <summary>Name of the file with our entry alone when none is given.</summary>
    public const string StandaloneFileName = "YYY-ambient-cni.conf";

    /// <summary>Name of our own file.</summary>
    public string OwnFileName { get; init; } = "00-ambient-cni.conflist";

    /// <summary>The primary's file; null takes the first usable one.</summary>
    public string? PrimaryFileName { get; init; }

    /// <summary>Where the runtime looks for plugins; null copies nothing.</summary>
    public string? BinFolder { get; init; }

    /// <summary>The plugin to copy there.</summary>
    public string? PluginBinary { get; init; }

    /// <summary>The agent's pod starts without CNI, so STATUS may say that the agent is away (CNI 1.1).</summary>
    public bool IsAgentOnHostNetwork { get; init; }

    /// <summary>Namespace of the agent's own pods.</summary>
    public string AgentNamespace { get; init; } = "";

    /// <summary>Namespaces that the plugin leaves alone.</summary>
    public IReadOnlyList<string> ExcludedNamespaces { get; init; } = [];

    /// <summary>What the settings ask for; null when nothing is to be installed.</summary>
    public static InstallerOptions? Of(AgentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings.CniFolder is null
            ? null
            : new InstallerOptions(settings.CniFolder, settings.RunDirectory)
            {
                ChainIntoPrimary = settings.ChainIntoPrimary,
                IsStandalone = settings.IsStandalone,
                OwnFileName = settings.OwnFileName,
                PrimaryFileName = settings.PrimaryFileName,
                BinFolder = settings.BinFolder,
                PluginBinary = settings.PluginBinary,
                IsAgentOnHostNetwork = settings.IsOnHostNetwork,
                AgentNamespace = settings.Enrolment.AgentNamespace,
                ExcludedNamespaces = [.. settings.Enrolment.ExcludedNamespaces],
            };
    }
}
