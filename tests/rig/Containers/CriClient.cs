using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Ambient.Rig.Containers.Protocol;
using Google.Protobuf;

namespace Ambient.Rig.Containers;

/// <summary>Calls a container runtime as a kubelet does: gRPC without TLS over the runtime's unix socket. Thread-safe.</summary>
public sealed class CriClient : IDisposable
{
    private const string Service = "/runtime.v1.RuntimeService/";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly HttpClient _http;

    /// <summary>Connects with the first call.</summary>
    public CriClient(string socket)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation);
                    return new NetworkStream(connection, ownsSocket: true);
                }
                catch
                {
                    connection.Dispose();
                    throw;
                }
            },
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://localhost"), Timeout = Patience };
    }

    /// <summary>Makes a sandbox: its namespaces, its network by the CNI chain, its pause container. Its id.</summary>
    public async Task<string> RunSandboxAsync(PodSandboxConfig pod) =>
        (await CallAsync("RunPodSandbox", new RunPodSandboxRequest { Config = pod }, PodSandboxReply.Parser)).PodSandboxId;

    /// <summary>The address of a sandbox.</summary>
    public async Task<IPAddress> AddressAsync(string sandbox) =>
        IPAddress.Parse((await CallAsync("PodSandboxStatus", new PodSandboxRequest { PodSandboxId = sandbox }, PodSandboxStatusReply.Parser)).Status.Network.Ip);

    /// <summary>Ends the processes of a sandbox and takes its network away.</summary>
    public Task StopSandboxAsync(string sandbox) => CallAsync("StopPodSandbox", new PodSandboxRequest { PodSandboxId = sandbox }, Empty.Parser);

    /// <summary>Removes what is left of a sandbox.</summary>
    public Task RemoveSandboxAsync(string sandbox) => CallAsync("RemovePodSandbox", new PodSandboxRequest { PodSandboxId = sandbox }, Empty.Parser);

    /// <summary>How many sandboxes there are, running or not.</summary>
    public async Task<int> CountSandboxesAsync() => (await CallAsync("ListPodSandbox", new ListPodSandboxRequest(), ListPodSandboxReply.Parser)).Items.Count;

    /// <summary>Starts a container in a sandbox; its id.</summary>
    public async Task<string> StartContainerAsync(string sandbox, PodSandboxConfig pod, string image, params string[] words)
    {
        var config = new ContainerConfig { Metadata = new ContainerMetadata { Name = "main" }, Image = new ImageSpec { Image = image }, LogPath = "main.log" };
        config.Command.AddRange(words);
        string id = (await CallAsync("CreateContainer", new CreateContainerRequest { PodSandboxId = sandbox, Config = config, SandboxConfig = pod }, ContainerReply.Parser)).ContainerId;
        await CallAsync("StartContainer", new ContainerRequest { ContainerId = id }, Empty.Parser);
        return id;
    }

    /// <summary>Runs a program in a container to its end.</summary>
    public Task<ExecSyncReply> RunAsync(string container, params string[] words)
    {
        var request = new ExecSyncRequest { ContainerId = container, Timeout = 30 };
        request.Cmd.AddRange(words);
        return CallAsync("ExecSync", request, ExecSyncReply.Parser);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<T> CallAsync<T>(string method, IMessage request, MessageParser<T> parser)
        where T : IMessage<T>
    {
        byte[] message = request.ToByteArray(), framed = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        using var call = new HttpRequestMessage(HttpMethod.Post, Service + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(framed),
        };
        call.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        call.Headers.TryAddWithoutValidation("te", "trailers");
        using HttpResponseMessage response = await _http.SendAsync(call);
        byte[] answer = await response.Content.ReadAsByteArrayAsync();
        string status = Said(response, "grpc-status");
        return status == "0" && answer.Length >= 5
            ? parser.ParseFrom(answer.AsSpan(5))
            : throw new CriException(method, status, Uri.UnescapeDataString(Said(response, "grpc-message")));
    }

    private static string Said(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out IEnumerable<string>? values) || response.Headers.TryGetValues(name, out values) ? values.First() : "";
}
