using System.Net.WebSockets;
using Ambient.Kubernetes.Connections;

namespace Ambient.Kubernetes.Api;

/// <summary>Connections to ports of pods through the API server and the kubelet, over WebSockets (protocol <c>v4.channel.k8s.io</c>, since Kubernetes 1.6). Thread-safe.</summary>
public sealed class PortForward : IDisposable
{
    private readonly ClusterConnection _connection;
    private readonly HttpMessageInvoker _http;
    private volatile Credential? _current;

    /// <summary>Connects when first used.</summary>
    public PortForward(ClusterConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        _connection = connection;
        _http = new HttpMessageInvoker(connection.MakeHandler(() => _current));
    }

    /// <summary>One connection to a port of a pod, as if it came from inside of it. Throws <see cref="IOException"/>, with the server's reason.</summary>
    public async ValueTask<Stream> ConnectAsync(string space, string pod, int port, CancellationToken cancellation)
    {
        var socket = new ClientWebSocket();
        try
        {
            Credential credential = await _connection.Credential.GetAsync(isRefused: false, cancellation);
            _current = credential;
            socket.Options.AddSubProtocol("v4.channel.k8s.io");
            if (credential.Token is { } token)
            {
                socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
            }

            var address = new UriBuilder(_connection.Server)
            {
                Path = $"/api/v1/namespaces/{Uri.EscapeDataString(space)}/pods/{Uri.EscapeDataString(pod)}/portforward",
                Query = System.FormattableString.Invariant($"ports={port}"),
            };
            address.Scheme = address.Scheme == "http" ? "ws" : "wss";
            await socket.ConnectAsync(address.Uri, _http, cancellation);
            return new ChannelStream(socket);
        }
        catch (Exception failed) when (failed is WebSocketException or CredentialException or HttpRequestException)
        {
            string status = socket.HttpStatusCode == default ? "" : $"{(int)socket.HttpStatusCode} {socket.HttpStatusCode}: ";
            socket.Dispose();
            throw new IOException($"no connection to port {port} of {space}/{pod}: {status}{failed.Message}", failed);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
