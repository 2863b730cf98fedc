using System.Globalization;
using System.Net;
using Ambient.Component.Tests.Kubernetes;
using Ambient.Grpc.Client;
using Ambient.Identity.Issuing;
using Ambient.Identity.Keys;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Resources.Configuration;
using Ambient.Mesh.Identities;
using Ambient.Protocol.Istio.Auth;
using Ambient.Testing.Networks;
using Ambient.Testing.Waiting;
using Ambient.Topology.Processes;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Component.Tests.ControlPlane.OnKubernetes;

/// <summary>ambientd as a process against a real API server.</summary>
internal sealed class PlaneProcess : IAsyncDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly ApiServerFixture _rig;
    private readonly Peer _peer;

    private PlaneProcess(ApiServerFixture rig, string system, Peer peer) => (_rig, System, _peer) = (rig, system, peer);

    /// <summary>The system namespace.</summary>
    public string System { get; }

    /// <summary>The port of xDS and the authority.</summary>
    public int Port { get; private set; }

    public string Log => _peer.Log;

    /// <summary>Starts it; everything that it needs in the cluster is made by itself.</summary>
    public static PlaneProcess Start(ApiServerFixture rig, string system, params (string Name, string Value)[] settings)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["KUBECONFIG"] = rig.Files.Path("admin.conf"),
            ["POD_NAMESPACE"] = system,
            ["CA_TRUSTED_NODE_ACCOUNTS"] = system + "/ztunnel",
            ["ROOT_CA_DIR"] = rig.Files.Path("no-cacerts"),
            ["ISTIOD_CUSTOM_HOST"] = "localhost",
            ["AMBIENT_XDS_ADDRESS"] = "0.0.0.0:0",
            ["AMBIENT_READY_ADDRESS"] = "127.0.0.1:0",
            ["AMBIENT_METRICS_ADDRESS"] = "127.0.0.1:0",
            ["AMBIENT_DRAIN"] = "100ms",
            ["AMBIENT_LOG"] = "info",
        };
        foreach ((string name, string value) in settings)
        {
            environment[name] = value;
        }

        string program = Path.Combine(AppContext.BaseDirectory, "ambientd");
        return new PlaneProcess(rig, system, new Peer(RunningProcess.Start(new ProcessPlan("ambientd", program) { LogPath = Path.GetTempFileName(), Environment = environment })));
    }

    /// <summary>Starts it and waits until it serves all there is.</summary>
    public static async Task<PlaneProcess> ReadyAsync(ApiServerFixture rig, string system, params (string Name, string Value)[] settings)
    {
        PlaneProcess plane = Start(rig, system, settings);
        await plane.WaitReadyAsync();
        return plane;
    }

    public async Task WaitReadyAsync()
    {
        await SaysAsync("\tready");
        Port = PortOf("listening");
    }

    /// <summary>Waits for a piece of a line of its log.</summary>
    public Task SaysAsync(string text) => Eventually.TrueAsync(() => Log.Contains(text, StringComparison.Ordinal), Deadline);

    /// <summary>What one of its HTTP ports answers; the body is empty unless it is 200.</summary>
    public async Task<(int Status, string Body)> GetAsync(string server, string path)
    {
        using var http = new HttpClient();
        using HttpResponseMessage answer = await http.GetAsync(new Uri($"http://127.0.0.1:{PortOf($"server=\"{server}\"")}{path}"));
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>The mesh's root, as a namespace has it.</summary>
    public async Task<string> RootAsync(string space)
    {
        string? root = null;
        await Eventually.PassesAsync(
            async () => root = (await _rig.Admin.GetAsync(KnownResources.ConfigMaps, new ResourceKey(space, "istio-ca-root-cert"), CancellationToken.None)).Value is ConfigMap map ? map.Data["root-cert.pem"] : throw new Xunit.Sdk.XunitException("no map"),
            Deadline);
        return root!;
    }

    /// <summary>A connection as a ztunnel of a cluster makes it.</summary>
    public async Task<GrpcChannel> ChannelAsync(string token, string cluster = "Kubernetes") => Channel(await RootAsync(System), token, cluster);

    /// <summary>The same where the root is known.</summary>
    public GrpcChannel Channel(string root, string token, string cluster = "Kubernetes") => new(
        new GrpcChannelOptions
        {
            Address = new Uri(string.Create(CultureInfo.InvariantCulture, $"https://localhost:{Port}")),
            Roots = ServerRoots.FromPem(root),
            Headers = _ => ValueTask.FromResult<IReadOnlyList<KeyValuePair<string, string>>>([KeyValuePair.Create("authorization", "Bearer " + token), KeyValuePair.Create("clusterid", cluster)]),
        },
        TimeProvider.System);

    /// <summary>Asks for another identity's certificate, as a ztunnel does.</summary>
    public static async Task<IReadOnlyList<string>> CertificateAsync(GrpcChannel channel, SpiffeId identity)
    {
        using WorkloadKey key = WorkloadKey.Create();
        IstioCertificateResponse answer = await channel.CallAsync(
            "/istio.v1.auth.IstioCertificateService/CreateCertificate",
            new IstioCertificateRequest { Csr = CertificateRequestBuilder.BuildPem(identity, key), ValidityDuration = 3600, Metadata = new Struct { Fields = { ["ImpersonatedIdentity"] = Value.ForString(identity.ToString()) } } },
            IstioCertificateResponse.Parser,
            TimeSpan.FromSeconds(30),
            CancellationToken.None);
        Assert.True(IssuedChain.TryAccept(identity, key, answer.CertChain, TimeProvider.System.GetUtcNow(), out _, out string? error), error);
        return answer.CertChain;
    }

    /// <summary>Ends it as Kubernetes does.</summary>
    public ValueTask DisposeAsync() => _peer.DisposeAsync();

    /// <summary>The port in the line of the log that has a text; it ends the address.</summary>
    private int PortOf(string text)
    {
        string line = Log.Split('\n').First(candidate => candidate.Contains(text, StringComparison.Ordinal));
        string address = line.Split("xds=").ElementAtOrDefault(1) ?? line.Split("address=")[1];
        return IPEndPoint.Parse(address.Trim('"').Split(' ')[0].Trim('"', '\t', '\r')).Port;
    }
}
