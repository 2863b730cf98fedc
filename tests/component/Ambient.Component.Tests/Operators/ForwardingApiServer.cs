using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ambient.Component.Tests.Operators;

/// <summary>Plays an API server that lists one ztunnel pod and forwards its ports as a kubelet does, to a port of this machine.</summary>
internal sealed class ForwardingApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ForwardingApiServer(WebApplication app) => _app = app;

    /// <summary>A kubeconfig that leads here.</summary>
    public string KubeConfig { get; } = Path.GetTempFileName();

    /// <summary>The query of the last forwarding.</summary>
    public string Query { get; private set; } = "";

    /// <summary>What the kubelet complains of instead of forwarding; null forwards.</summary>
    public string? Complaint { get; set; }

    public static async Task<ForwardingApiServer> StartAsync(int target)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(static o => o.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        app.UseWebSockets();
        var server = new ForwardingApiServer(app);
        app.Run(context => server.AnswerAsync(context, target));
        await app.StartAsync();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        await File.WriteAllTextAsync(server.KubeConfig, $"current-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\nclusters: [{{name: c, cluster: {{server: '{address}'}}}}]\nusers: [{{name: u, user: {{token: secret}}}}]\n");
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        File.Delete(KubeConfig);
    }

    private async Task AnswerAsync(HttpContext context, int target)
    {
        if (context.Request.Headers.Authorization != "Bearer secret")
        {
            context.Response.StatusCode = 401;
            return;
        }

        if (context.Request.Path.Value!.EndsWith("/portforward", StringComparison.Ordinal))
        {
            Query = context.Request.Path + context.Request.QueryString.ToString();
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync("v4.channel.k8s.io");
            await ForwardAsync(socket, target, context.RequestAborted);
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(context.Request.Path == "/api/v1"
            ? """{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","namespaced":true,"kind":"Pod","verbs":["list"]}]}"""
            : """{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"ztunnel-x","namespace":"istio-system","uid":"u"},"spec":{"nodeName":"n1"},"status":{"phase":"Running"}}]}""");
    }

    private async Task ForwardAsync(WebSocket socket, int target, CancellationToken cancellation)
    {
        // Each channel begins with the port's number.
        byte[] port = BitConverter.GetBytes((ushort)15000);
        await socket.SendAsync((byte[])[0, .. port], WebSocketMessageType.Binary, true, cancellation);
        await socket.SendAsync((byte[])[1, .. port], WebSocketMessageType.Binary, true, cancellation);
        if (Complaint is not null)
        {
            await socket.SendAsync((byte[])[1, .. Encoding.UTF8.GetBytes(Complaint)], WebSocketMessageType.Binary, true, cancellation);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
            return;
        }

        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, target, cancellation);
        NetworkStream stream = client.GetStream();
        Task back = Task.Run(
            async () =>
            {
                byte[] piece = new byte[5000];
                for (int read; (read = await stream.ReadAsync(piece.AsMemory(1), cancellation)) > 0;)
                {
                    piece[0] = 0;
                    await socket.SendAsync(piece.AsMemory(0, read + 1), WebSocketMessageType.Binary, true, cancellation);
                }
            },
            cancellation);
        byte[] buffer = new byte[5000];
        while (await socket.ReceiveAsync(buffer.AsMemory(), cancellation) is { MessageType: not WebSocketMessageType.Close } message)
        {
            await stream.WriteAsync(buffer.AsMemory(1, message.Count - 1), cancellation);
        }

        client.Close();
        await back.ContinueWith(static _ => { }, TaskScheduler.Default);
    }
}
