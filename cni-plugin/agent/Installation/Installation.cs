using System.Text;
using System.Text.Json.Nodes;

namespace Ambient.Cni.Agent.Installation;

/// <summary>One pass of installing, looking or removing (cni-and-redirection.md 3.1, 3.3 to 3.6): what is there is read anew each time. Not thread-safe.</summary>
public sealed class Installation(InstallerOptions options)
{
    private const UnixFileMode OwnMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly ConfigurationFolder _folder = new(options.CniFolder);
    private readonly PluginCopy _plugin = new(options.BinFolder, options.PluginBinary);

    /// <summary>Null when the next pod will be made through our plugin; else what is wrong. Compares content, not dates and not names alone.</summary>
    public string? Check()
    {
        if (!Directory.Exists(options.CniFolder))
        {
            return $"{options.CniFolder} does not exist";
        }

        try
        {
            if (_plugin.Check() is { } broken)
            {
                return broken;
            }

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

            if (Outdated(candidates, wanted.Name).FirstOrDefault() is { } outdated)
            {
                return $"{outdated} is a file of ours from earlier settings";
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
            _plugin.Ensure();
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

            IReadOnlyList<(string Name, string Text)> candidates = _folder.Candidates();
            if (Primary(candidates) is not { } primary)
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

            // After the new one: at no moment are pods made without us.
            foreach (string outdated in Outdated(candidates, wanted.Name))
            {
                File.Delete(_folder.PathOf(outdated));
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
                if (Conflist.IsOwnFile(text))
                {
                    File.Delete(_folder.PathOf(name));
                    continue;
                }

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

            if (!_folder.Candidates().Any(c => Conflist.Names(c.Text)))
            {
                _plugin.Remove();
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
        ["agent_on_host_network"] = options.IsAgentOnHostNetwork,
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

    /// <summary>The configuration of the primary CNI, never a file of our own, whatever settings it was made by.</summary>
    private (string Name, string Text)? Primary(IReadOnlyList<(string Name, string Text)> candidates)
    {
        if (options.PrimaryFileName is { } name)
        {
            return _folder.Named(name);
        }

        foreach ((string Name, string Text) candidate in candidates)
        {
            if (candidate.Name != options.OwnFileName && !Conflist.IsOwnFile(candidate.Text))
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>Files of our own that other settings left behind: one that sorts first would keep a copy of the primary in force that nobody renews.</summary>
    private static IEnumerable<string> Outdated(IReadOnlyList<(string Name, string Text)> candidates, string wanted) =>
        candidates.Where(c => c.Name != wanted && Conflist.IsOwnFile(c.Text)).Select(c => c.Name);

    private bool TryCompose((string Name, string Text) primary, out (string Name, string Text) wanted, out string? error)
    {
        wanted = default;
        JsonObject entry = Entry();
        if (!options.ChainIntoPrimary)
        {
            entry[Conflist.OwnFileMark] = true;
        }

        if (!Conflist.TryAdd(primary.Text, entry, out string? text, out error))
        {
            error = $"{primary.Name}: {error}";
            return false;
        }

        string list = primary.Name.EndsWith(".conf", StringComparison.Ordinal) ? primary.Name + "list" : primary.Name;
        wanted = (options.ChainIntoPrimary ? list : options.OwnFileName, text!);
        return true;
    }
}
