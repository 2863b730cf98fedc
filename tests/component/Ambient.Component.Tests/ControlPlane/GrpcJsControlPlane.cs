using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Ambient.Grpc.Client;

namespace Ambient.Component.Tests.ControlPlane;

/// <summary>The control plane of control-plane.js, running.</summary>
internal sealed class GrpcJsControlPlane : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly DirectoryInfo _work;
    private readonly Process _process;

    private GrpcJsControlPlane(DirectoryInfo work, Process process)
    {
        _work = work;
        _process = process;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Port { get; private set; }

    public byte[] CaPem => File.ReadAllBytes(Path.Combine(_work.FullName, "ca.pem"));

    public static async Task<GrpcJsControlPlane> StartAsync()
    {
        string modules = await GrpcJs.EnsureAsync();
        DirectoryInfo work = Directory.CreateTempSubdirectory("ambient-grpcjs-");
        string At(string name) => Path.Combine(work.FullName, name);
        foreach (string name in new[] { "ca", "server" })
        {
            await GrpcJs.RunAsync(
                "openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/O=" + name, "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", At(name + ".key"), "-out", At(name + ".pem"),
                ]);
        }

        string here = Path.Combine(AppContext.BaseDirectory, "ControlPlane");
        var start = new ProcessStartInfo("node", [Path.Combine(here, "control-plane.js"), Path.Combine(here, "protocol"), work.FullName])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["NODE_PATH"] = modules;
        var plane = new GrpcJsControlPlane(work, Process.Start(start)!);
        plane.Port = int.Parse(await plane.NextAsync("listening"), System.Globalization.CultureInfo.InvariantCulture);
        return plane;
    }

    public GrpcChannelOptions Options(string? token = null) => new()
    {
        Address = new Uri($"https://localhost:{Port}"),
        Roots = ServerRoots.FromFile(Path.Combine(_work.FullName, "server.pem")),
        Headers = _ => ValueTask.FromResult<IReadOnlyList<KeyValuePair<string, string>>>(
            token is null ? [] : [KeyValuePair.Create("authorization", "Bearer " + token), KeyValuePair.Create("clusterid", "c1")]),
    };

    /// <summary>The next line, which must be of this kind.</summary>
    public async Task<string> NextAsync(string kind)
    {
        string line = await _lines.Reader.ReadAsync().AsTask().WaitAsync(Limit);
        Assert.StartsWith(kind + " ", line, StringComparison.Ordinal);
        return line[(kind.Length + 1)..];
    }

    public async Task<JsonElement> NextJsonAsync(string kind)
    {
        using JsonDocument document = JsonDocument.Parse(await NextAsync(kind));
        return document.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _work.Delete(recursive: true);
    }

    private void Note(string? line)
    {
        if (line is not null)
        {
            _lines.Writer.TryWrite(line);
        }
    }
}
