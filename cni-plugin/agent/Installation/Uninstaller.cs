using Ambient.Cni.Agent.Settings;

namespace Ambient.Cni.Agent.Installation;

/// <summary>The verb <c>uninstall</c>: takes the plugin out of the node. Pods of the mesh stay as they are.</summary>
public static class Uninstaller
{
    /// <summary>Runs it; the exit code.</summary>
    public static int Run(AgentSettings settings, TextWriter errors)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(errors);
        if (settings.CniFolder is null)
        {
            return 0;
        }

        var options = new InstallerOptions(settings.CniFolder, settings.RunDirectory)
        {
            ChainIntoPrimary = settings.ChainIntoPrimary,
            IsStandalone = settings.IsStandalone,
            OwnFileName = settings.OwnFileName,
            PrimaryFileName = settings.PrimaryFileName,
            BinFolder = settings.BinFolder,
        };
        if (new Installation(options).Remove() is not { } error)
        {
            return 0;
        }

        errors.WriteLine(error);
        return 1;
    }
}
