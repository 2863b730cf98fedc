using System.Text;
using System.Text.Json.Nodes;

namespace Ambient.Cni.Agent.Installation;

/// <summary>One pass of installing, looking or removing (cni-and-redirection.md 3.1, 3.3 to 3.6). Stateless: what is there is read anew each time.</summary>
public sealed class Installation(InstallerOptions options)
{
    private const UnixFileMode OwnMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly ConfigurationFolder _folder = new(options.CniFolder);

    /// <summary>Null when the next pod will be made through our plugin; else what is wrong. Compares content, not dates and not names alone.</summary>
    public string? Check()
    {
        if (!Directory.Exists(options.CniFolder))
        {
            return $"{options.CniFolder} does not exist";
        }

        try
        {
            if (options.IsStandalone)
            {
                return _folder.Read(StandaloneName) == Conflist.Alone(Entry()) ? null : $"{StandaloneName} does not hold our entry as it should";
            }

            IReadOnlyList<(string Name, string Text)> candidates = _folder.Candidates();
            if (Primary(candidates) is not { } primary)
            {
                return Waiting();
            }

            if (!TryCompose(primary, out (string Name, string Text) wanted, out string? error))
            {
                return error;
            }

            if (_folder.Read(wanted.Name) != wanted.Text)
            {
                return $"{wanted.Name} does not hold our entry as it should";
            }

            return candidates[0].Name == wanted.Name || (options.ChainIntoPrimary && options.PrimaryFileName is not null)
                ? null
                : $"{candidates[0].Name} sorts before {wanted.Name}: pods are made by it, without us; remove it, or choose a name that sorts first";
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return unreadable.Message;
        }
    }

    /// <summary>Copies the plugin, then writes the configuration. Null on success; the old state stays when something fails.</summary>
    public (string? Error, string Result) Install()
    {
        try
        {
            CopyPlugin();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return ("the plugin cannot be copied: " + failure.Message, "COPY_BINARIES_FAILURE");
        }

        try
        {
            if (!Directory.Exists(options.CniFolder))
            {
                return ($"{options.CniFolder} does not exist", "CREATE_CNI_CONFIG_FAILURE");
            }

            if (options.IsStandalone)
            {
                AtomicFile.Sweep(_folder.PathOf(StandaloneName));
                AtomicFile.Write(_folder.PathOf(StandaloneName), Encoding.UTF8.GetBytes(Conflist.Alone(Entry())), OwnMode);
                return (null, "SUCCESS");
            }

            if (Primary(_folder.Candidates()) is not { } primary)
            {
                return (Waiting(), "CREATE_CNI_CONFIG_FAILURE");
            }

            if (!TryCompose(primary, out (string Name, string Text) wanted, out string? error))
            {
                return (error, "CREATE_CNI_CONFIG_FAILURE");
            }

            string path = _folder.PathOf(wanted.Name);
            AtomicFile.Sweep(path);
            if (_folder.Read(wanted.Name) != wanted.Text)
            {
                AtomicFile.Write(path, Encoding.UTF8.GetBytes(wanted.Text), options.ChainIntoPrimary ? File.GetUnixFileMode(_folder.PathOf(primary.Name)) : OwnMode);
            }

            if (options.ChainIntoPrimary && wanted.Name != primary.Name)
            {
                File.Delete(_folder.PathOf(primary.Name));
            }

            return (null, "SUCCESS");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return ("the CNI configuration cannot be written: " + failure.Message, "CREATE_CNI_CONFIG_FAILURE");
        }
    }

    /// <summary>
    /// Takes our entry or file away, and then, when no configuration names the plugin any more, the plugin. In this order: a configuration that names a
    /// missing plugin keeps pods from starting and from ending. Null on success.
    /// </summary>
    public string? Remove()
    {
        try
        {
            if (!Directory.Exists(options.CniFolder))
            {
                return null;
            }

            if (options.IsStandalone)
            {
                File.Delete(_folder.PathOf(StandaloneName));
            }
            else if (!options.ChainIntoPrimary)
            {
                File.Delete(_folder.PathOf(options.OwnFileName));
            }

            foreach ((string name, string text) in _folder.Candidates())
            {
                if (!Conflist.TryRemove(text, out string? without, out string? error))
                {
                    return $"{name}: {error}";
                }

                if (without is not null)
                {
                    string path = _folder.PathOf(name);
                    AtomicFile.Write(path, Encoding.UTF8.GetBytes(without), File.GetUnixFileMode(path));
                }
            }

            if (options.BinFolder is not null && !_folder.Candidates().Any(c => Conflist.Names(c.Text)))
            {
                File.Delete(Path.Combine(options.BinFolder, Conflist.PluginType));
            }

            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "the CNI configuration cannot be cleaned up: " + failure.Message;
        }
    }

    /// <summary>Our entry of a list (cni-and-redirection.md 2.1).</summary>
    internal JsonObject Entry() => new()
    {
        ["type"] = Conflist.PluginType,
        ["name"] = Conflist.PluginType,
        ["ambient_enabled"] = true,
        ["cni_agent_run_dir"] = options.RunDirectory,
        ["exclude_namespaces"] = new JsonArray([.. options.ExcludedNamespaces.Select(n => (JsonNode)JsonValue.Create(n))]),
        ["plugin_log_level"] = "info",
        ["pod_namespace"] = options.AgentNamespace,
    };

    private string StandaloneName => options.PrimaryFileName ?? InstallerOptions.StandaloneFileName;

    private string Waiting() => options.PrimaryFileName is { } name
        ? $"waiting for {name} in {options.CniFolder}"
        : $"waiting for the primary CNI: no usable configuration in {options.CniFolder}";

    /// <summary>The configuration of the primary CNI, never our own file.</summary>
    private (string Name, string Text)? Primary(IReadOnlyList<(string Name, string Text)> candidates)
    {
        if (options.PrimaryFileName is { } name)
        {
            return _folder.Named(name);
        }

        foreach ((string Name, string Text) candidate in candidates)
        {
            if (options.ChainIntoPrimary || candidate.Name != options.OwnFileName)
            {
                return candidate;
            }
        }

        return null;
    }

    private bool TryCompose((string Name, string Text) primary, out (string Name, string Text) wanted, out string? error)
    {
        wanted = default;
        if (!Conflist.TryAdd(primary.Text, Entry(), out string? text, out error))
        {
            error = $"{primary.Name}: {error}";
            return false;
        }

        string list = primary.Name.EndsWith(".conf", StringComparison.Ordinal) ? primary.Name + "list" : primary.Name;
        wanted = (options.ChainIntoPrimary ? list : options.OwnFileName, text!);
        return true;
    }

    private void CopyPlugin()
    {
        if (options.BinFolder is null || options.PluginBinary is null)
        {
            return;
        }

        string target = Path.Combine(options.BinFolder, Conflist.PluginType);
        AtomicFile.Sweep(target);
        AtomicFile.Write(target, File.ReadAllBytes(options.PluginBinary), File.GetUnixFileMode(options.PluginBinary));
    }
}
