using Ambient.ControlPlane;
using Ambient.ControlPlane.Authority.Roots;
using Ambient.ControlPlane.Certificates;
using Ambient.ControlPlane.Keys;
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
        var file = new TokenFile(settings.TokenFile!, settings.Mesh.ClusterId);
        return await RunAsync(new ControlPlaneSources(manifests, file, new FolderRootStore(settings.AuthorityFolder), null) { KeySets = settings.KeySetFile is { } kept ? new KeySetFile(kept) : null });
    }

    string? inside = null, outside = "KUBECONFIG is not set";
    ClusterConnection? connection = ClusterConnection.InCluster(environment, TimeProvider.System, out inside);
    if (connection is null && environment.ContainsKey("KUBECONFIG"))
    {
        connection = KubeConfig.Load(environment, KubeConfigOptions.Own, TimeProvider.System, out outside);
    }

    if (connection is null)
    {
        Console.Error.WriteLine($"there is no source of objects: AMBIENT_MANIFEST_DIR is not set; {inside}; {outside}");
        return 1;
    }

    using var client = new KubernetesClient(connection, new ClientOptions { UserAgent = "ambientd" }, TimeProvider.System);
    var source = new KubernetesSource(client, new WatchOptions(), TimeProvider.System, logs.For("ambientd::source"));
    var tokens = new RememberedReviews(new ApiTokenReviewer(client, settings.Mesh.ClusterId, settings.Audiences), TimeProvider.System, reason => logs.For("ambientd").Warn("the API server did not judge a token", LogField.Of("reason", reason)));
    return await RunAsync(new ControlPlaneSources(source, tokens, new SecretRootStore(client, settings.Mesh.SystemNamespace), client) { KeySets = new KeySetMap(client, settings.Mesh.SystemNamespace) });
}
catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or InvalidDataException)
{
    logs.For("ambientd").Error("the control plane cannot start", LogField.Of("error", unusable.Message));
    return 1;
}

Task<int> RunAsync(ControlPlaneSources sources) => new ControlPlaneProcess(settings, sources, logs, TimeProvider.System).RunAsync(CancellationToken.None);
