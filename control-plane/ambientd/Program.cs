using Ambient.ControlPlane;
using Ambient.ControlPlane.Authority.Callers;
using Ambient.ControlPlane.Settings;
using Ambient.ControlPlane.Tokens;
using Ambient.Kubernetes.Api;
using Ambient.Kubernetes.Connections;
using Ambient.Kubernetes.Manifests;
using Ambient.Kubernetes.Watching;
using Ambient.Telemetry.Logging;

// ambientd: the control plane. Parse the settings, choose where objects come from, run until a signal says otherwise.
Dictionary<string, string> environment = [];
foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
{
    environment[(string)variable.Key] = (string?)variable.Value ?? "";
}

if (ControlPlaneSettings.Parse(environment, out IReadOnlyList<string> errors) is not { } settings)
{
    foreach (string error in errors)
    {
        Console.Error.WriteLine(error);
    }

    return 1;
}

using var logs = new LogHub(new LogHubOptions { Directives = settings.Log });
try
{
    if (settings.ManifestFolder is { } folder)
    {
        using var manifests = new ManifestFolderSource(folder, null, TimeProvider.System, logs.For("ambientd::source"));
        ITokenReviewer file = new TokenFile(settings.TokenFile!, settings.Mesh.ClusterId);
        return await new ControlPlaneProcess(settings, manifests, file, logs, TimeProvider.System).RunAsync(CancellationToken.None);
    }

    if (ClusterConnection.InCluster(environment, TimeProvider.System, out string? outside) is not { } connection)
    {
        Console.Error.WriteLine($"there is no source of objects: AMBIENT_MANIFEST_DIR is not set, and {outside}");
        return 1;
    }

    using var client = new KubernetesClient(connection, new ClientOptions(), TimeProvider.System);
    var source = new KubernetesSource(client, new WatchOptions(), TimeProvider.System, logs.For("ambientd::source"));
    ITokenReviewer api = new ApiTokenReviewer(client, settings.Mesh.ClusterId, settings.Audiences);
    return await new ControlPlaneProcess(settings, source, api, logs, TimeProvider.System).RunAsync(CancellationToken.None);
}
catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or InvalidDataException)
{
    logs.For("ambientd").Error("the control plane cannot start", LogField.Of("error", unusable.Message));
    return 1;
}
