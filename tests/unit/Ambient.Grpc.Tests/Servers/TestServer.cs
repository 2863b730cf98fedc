using System.Net;
using Ambient.Grpc.Client;
using Ambient.Grpc.Framing;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ambient.Grpc.Tests.Servers;

/// <summary>An HTTP/2 server whose every answer is a test's own code, good or bad.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestServer(WebApplication app, ServerCertificate certificate)
    {
        _app = app;
        Certificate = certificate;
        Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
    }

    public ServerCertificate Certificate { get; }

    public int Port { get; }

    public Uri Address => new($"https://localhost:{Port}");

    public static async Task<TestServer> StartAsync(RequestDelegate handler, ServerCertificate? certificate = null, int port = 0)
    {
        certificate ??= new ServerCertificate("localhost");
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, port, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseHttps(certificate.Certificate);
            });
        });
        WebApplication app = builder.Build();
        app.Run(handler);
        await app.StartAsync();
        return new TestServer(app, certificate);
    }

    public GrpcChannelOptions Options(Func<GrpcChannelOptions, GrpcChannelOptions>? change = null)
    {
        var options = new GrpcChannelOptions { Address = Address, Roots = ServerRoots.FromPem(Certificate.RootPem) };
        return change is null ? options : change(options);
    }

    public GrpcChannel Channel(Func<GrpcChannelOptions, GrpcChannelOptions>? change = null) => new(Options(change), TimeProvider.System);

    /// <summary>Begins a proper gRPC answer.</summary>
    public static async Task BeginAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        await context.Response.StartAsync();
        await context.Response.Body.FlushAsync();
    }

    public static async Task SendAsync(HttpContext context, IMessage message)
    {
        await context.Response.Body.WriteAsync(MessageWriter.Frame(message));
        await context.Response.Body.FlushAsync();
    }

    public static void End(HttpContext context, int status = 0, string? message = null)
    {
        context.Response.AppendTrailer("grpc-status", status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (message is not null)
        {
            context.Response.AppendTrailer("grpc-message", message);
        }
    }

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
}
