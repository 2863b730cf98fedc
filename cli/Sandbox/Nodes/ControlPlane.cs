using System.Security.Cryptography;
using Ambient.Cli.Sandbox.Observation;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox.Nodes;

/// <summary>
/// The control plane of the sandbox: ambientd in a namespace of its own on the bridge, reading the folder of manifests. It stands for what an API server
/// does for proxies as well: each gets a random token bound to its pod, in a file that only root reads, and the mesh's roots. Thread-safe.
/// </summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    /// <summary>Name of its namespace.</summary>
    public const string Name = "control";

    /// <summary>Where xDS and the certificate service listen.</summary>
    public const int Port = 15012;

    /// <summary>Its namespace among Kubernetes' names.</summary>
    public const string SystemNamespace = "istio-system";

    private const int MetricsPort = 15014;
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(20);
    private readonly Lock _gate = new();
    private readonly VirtualNode _node;
    private readonly string _directory;
    private readonly string _tokens;

    /// <summary>Builds the supervisor; <see cref="Start"/> starts it.</summary>
    public ControlPlane(VirtualNode node, string directory, string manifests, SandboxPrograms programs)
    {
        (_node, _directory, _tokens) = (node, directory, Path.Combine(directory, "tokens"));
        WriteSecret(_tokens, File.Exists(_tokens) ? File.ReadAllText(_tokens) : "");
        LogPath = Path.Combine(directory, "ambientd.log");
        Process = new ProcessSupervisor(new ProcessPlan("control plane", programs.ControlPlane)
        {
            NamespaceName = node.NamespaceName,
            LogPath = LogPath,
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["AMBIENT_MANIFEST_DIR"] = manifests,
                ["AMBIENT_TOKEN_FILE"] = _tokens,
                ["AMBIENT_CA_DIR"] = Authority,
                ["ROOT_CA_DIR"] = Path.Combine(directory, "plugged-in"),
                ["POD_NAMESPACE"] = SystemNamespace,
                ["CA_TRUSTED_NODE_ACCOUNTS"] = SystemNamespace + "/ztunnel",
                ["AMBIENT_LOG"] = "info",
            },
        });
    }

    /// <summary>Keeps it running.</summary>
    public ProcessSupervisor Process { get; }

    /// <summary>Its log.</summary>
    public string LogPath { get; }

    /// <summary>Its address, for proxies.</summary>
    public string Address => $"https://{_node.Address}:{Port}";

    /// <summary>The name in its certificate.</summary>
    public static string Host => $"istiod.{SystemNamespace}.svc";

    /// <summary>The mesh's roots, without a key; there once it is ready.</summary>
    public string Roots => Path.Combine(_directory, "root-cert.pem");

    private string Authority => Path.Combine(_directory, "authority");

    /// <summary>Starts it.</summary>
    public void Start() => Process.Start();

    /// <summary>Whether a packet is its own conversation with a proxy.</summary>
    public bool IsParty(System.Net.IPEndPoint? source, System.Net.IPEndPoint? destination) => IsEnd(source) || IsEnd(destination);

    /// <summary>Waits until its certificates are made, and hands the roots out. Throws <see cref="TimeoutException"/> with its last words.</summary>
    public async Task WaitAuthorityAsync(TimeSpan deadline, CancellationToken cancellation)
    {
        string pem = Path.Combine(Authority, "authority.pem");
        await WaitAsync(() => Task.FromResult(File.Exists(pem)), "has no authority", deadline, cancellation);
        const string Begin = "-----BEGIN CERTIFICATE-----", End = "-----END CERTIFICATE-----";
        IEnumerable<string> certificates = (await File.ReadAllTextAsync(pem, cancellation)).Split(Begin).Skip(1).Select(block => Begin + block[..(block.IndexOf(End, StringComparison.Ordinal) + End.Length)]);
        await File.WriteAllTextAsync(Roots, string.Join('\n', certificates) + "\n", cancellation);
    }

    /// <summary>Waits until it knows everything and serves. Throws as <see cref="WaitAuthorityAsync"/>.</summary>
    public Task WaitReadyAsync(TimeSpan deadline, CancellationToken cancellation) =>
        WaitAsync(async () => await NodeHttp.StatusAsync(_node.Namespace, 8080, "/ready", cancellation) == 200, "is not ready", deadline, cancellation);

    /// <summary>Its metrics of the moment.</summary>
    public async Task<MetricPage> MetricsAsync(CancellationToken cancellation) => MetricPage.Parse(await NodeHttp.GetAsync(_node.Namespace, MetricsPort, "/metrics", cancellation));

    /// <summary>Makes a token for a pod's service account, bound to the pod; the file that holds it.</summary>
    public string IssueToken(string podNamespace, string serviceAccount, string pod, string uid)
    {
        string token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)), file = Path.Combine(_directory, $"token.{podNamespace}.{pod}");
        lock (_gate)
        {
            string mine = $",{podNamespace},{serviceAccount},{pod},";
            IEnumerable<string> others = File.ReadAllLines(_tokens).Where(line => !line.Contains(mine, StringComparison.Ordinal));
            WriteSecret(_tokens, string.Join('\n', others.Append($"{token}{mine}{uid}")) + "\n");
        }

        WriteSecret(file, token);
        return file;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private static void WriteSecret(string path, string text)
    {
        string draft = path + ".new";
        File.Delete(draft);
        using (var stream = new FileStream(draft, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Owner }))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(text));
        }

        File.Move(draft, path, overwrite: true);
    }

    private bool IsEnd(System.Net.IPEndPoint? end) => end is not null && end.Port == Port && (end.Address.Equals(_node.Address) || end.Address.Equals(_node.AddressV6));

    private async Task WaitAsync(Func<Task<bool>> probe, string obstacle, TimeSpan deadline, CancellationToken cancellation)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (!await probe())
        {
            if (TimeProvider.System.GetElapsedTime(started) > deadline)
            {
                throw new TimeoutException($"the control plane {obstacle} after {deadline.TotalSeconds:0} s; its log: {Process.LogTail()}");
            }

            await Task.Delay(PollEvery, TimeProvider.System, cancellation);
        }
    }
}
