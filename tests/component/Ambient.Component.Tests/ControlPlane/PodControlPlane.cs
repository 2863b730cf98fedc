using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Grpc.Framing;
using Ambient.Topology.Networks;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Ambient.Component.Tests.ControlPlane;

/// <summary>A gRPC server in pods, mostly for who is inside, each answer of which is a test's own code, good or bad.</summary>
internal sealed class PodControlPlane : IAsyncDisposable
{
    private const int FirstPort = 15012;
    private readonly WebApplication _app;

    private PodControlPlane(WebApplication app, string rootPem)
    {
        _app = app;
        RootPem = rootPem;
    }

    /// <summary>What verifies the server.</summary>
    public string RootPem { get; }

    /// <summary>Where the pod of this place in the list finds it.</summary>
    public static string Address(int index) => $"https://localhost:{FirstPort + index}";

    /// <summary>Where others find it in the first pod; its certificate says <c>localhost</c> all the same.</summary>
    public static string AddressIn(VirtualPod pod) => $"https://{pod.Address}:{FirstPort}";

    /// <summary>Listens in each pod. The handler is called for every request of any of them.</summary>
    public static async Task<PodControlPlane> StartAsync(RequestDelegate handler, params VirtualPod[] pods)
    {
        X509Certificate2 certificate = MakeCertificate();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint => Bind((IPEndPoint)endpoint, pods));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;
            for (int i = 0; i < pods.Length; i++)
            {
                kestrel.Listen(IPAddress.Any, FirstPort + i, listen =>
                {
                    listen.Protocols = HttpProtocols.Http2;
                    listen.UseHttps(certificate);
                });
            }
        });
        WebApplication app = builder.Build();
        app.Run(handler);
        await app.StartAsync();
        return new PodControlPlane(app, certificate.ExportCertificatePem());
    }

    /// <summary>Begins a proper gRPC answer.</summary>
    public static async Task BeginAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        await context.Response.StartAsync();
        await context.Response.Body.FlushAsync();
    }

    /// <summary>Sends a message.</summary>
    public static Task SendAsync(HttpContext context, IMessage message) => SendRawAsync(context, MessageWriter.Frame(message));

    /// <summary>Sends bytes as they are.</summary>
    public static async Task SendRawAsync(HttpContext context, byte[] bytes)
    {
        await context.Response.Body.WriteAsync(bytes);
        await context.Response.Body.FlushAsync();
    }

    /// <summary>Ends the answer with a status.</summary>
    public static void End(HttpContext context, GrpcCode status = GrpcCode.Ok, string message = "")
    {
        context.Response.AppendTrailer("grpc-status", ((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture));
        context.Response.AppendTrailer("grpc-message", message);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await _app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // Asked for: connections are cut, not drained.
        }

        await _app.DisposeAsync();
    }

    private static Socket Bind(IPEndPoint endpoint, VirtualPod[] pods) => pods[endpoint.Port - FirstPort].Namespace.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(endpoint);
        return socket;
    });

    private static X509Certificate2 MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=control plane", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddMinutes(-5), now.AddHours(1));
    }
}
