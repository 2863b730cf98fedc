using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ambient.Grpc.Server;

/// <summary>A gRPC server on one address, TLS only. Thread-safe.</summary>
public sealed class GrpcServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping;
    private readonly GrpcServerOptions _options;
    private readonly TimeProvider _clock;

    private GrpcServer(WebApplication app, GrpcServerOptions options, CancellationTokenSource stopping, TimeProvider clock)
    {
        _app = app;
        _options = options;
        _stopping = stopping;
        _clock = clock;
        string bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Address = new IPEndPoint(options.Address.Address, new Uri(bound).Port);
    }

    /// <summary>Where the server listens really.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Binds and serves.</summary>
    /// <exception cref="IOException">The address cannot be bound.</exception>
    public static async Task<GrpcServer> StartAsync(GrpcServerOptions options, IReadOnlyCollection<GrpcMethod> methods, TimeProvider clock, CancellationToken cancellation)
    {
        var stopping = new CancellationTokenSource();
        var recycling = new ConnectionRecycling(options, clock);

        // Nothing of the machine's environment or files changes what is served, and signals stay the program's own.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options, recycling));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Grace);
        WebApplication app = builder.Build();
        ((IApplicationBuilder)app).Run(new CallDispatcher(options, methods, clock, stopping.Token).RunAsync);
        try
        {
            await app.StartAsync(cancellation);
            return new GrpcServer(app, options, stopping, clock);
        }
        catch
        {
            await app.DisposeAsync();
            stopping.Dispose();
            throw;
        }
    }

    /// <summary>Takes no more connections, lets calls end within the grace, cuts the rest.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        using var grace = new CancellationTokenSource(_options.Grace, _clock);
        try
        {
            await _app.StopAsync(grace.Token);
        }
        catch (OperationCanceledException)
        {
            // What was left has been cut.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private static void Configure(KestrelServerOptions kestrel, GrpcServerOptions options, ConnectionRecycling recycling)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;

        // Streams are idle for hours, and a slow reader is judged by GrpcServerCall.
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MaxResponseBufferSize = GrpcServerCall.SendChunk;
        kestrel.Limits.Http2.MaxStreamsPerConnection = options.MaxStreams;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.Http2.InitialStreamWindowSize = 1024 * 1024;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 2 * 1024 * 1024;
        kestrel.Listen(options.Address, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(Tls(options)), HandshakeTimeout = TimeSpan.FromSeconds(10) });
            listen.Use(next => connection => recycling.RunAsync(connection, context => next(context)));
        });
    }

    private static SslServerAuthenticationOptions Tls(GrpcServerOptions options) => new()
    {
        ServerCertificateContext = options.Certificate(),
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,
        ClientCertificateRequired = options.ClientCertificate is not null,

        // The platform's own verdict is not asked for; above all it must not fetch what a stranger's certificate points to.
        CertificateChainPolicy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            TrustMode = X509ChainTrustMode.CustomRootTrust,
        },
        RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            certificate is null || (options.ClientCertificate is { } judge && certificate is X509Certificate2 leaf && judge(leaf, chain?.ChainPolicy.ExtraStore ?? [])),
    };

    /// <summary>The program decides when a server starts and stops; the host's own reaction to signals is not wanted.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
