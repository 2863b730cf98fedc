using System.Net;
using Ambient.Telemetry.Http;
using Ambient.Telemetry.Logging;
using Ambient.Ztunnel.Settings;

namespace Ambient.Ztunnel.Admin;

/// <summary>The three operators' ports: admin on loopback, metrics and readiness on every address (ztunnel.md 1.1, 10.1). Thread-safe.</summary>
public sealed class OperatorServers : IAsyncDisposable
{
    private readonly HttpServer[] _servers;

    private OperatorServers(HttpServer[] servers) => _servers = servers;

    /// <summary>Addresses that are bound: admin, metrics, readiness.</summary>
    public IReadOnlyList<IPEndPoint> LocalAddresses => [.. _servers.SelectMany(s => s.LocalAddresses)];

    /// <summary>Binds all ports, or none and throws.</summary>
    /// <exception cref="IOException">A port cannot be bound; the message names it.</exception>
    public static async Task<OperatorServers> StartAsync(ZtunnelSettings settings, AdminHandler admin, MetricsHandler metrics, ReadinessHandler readiness, LogHub logs)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(logs);
        IPAddress any = settings.IsIPv6Enabled ? IPAddress.IPv6Any : IPAddress.Any;
        List<IPEndPoint> local = [new(IPAddress.Loopback, settings.AdminPort)];
        if (settings.IsIPv6Enabled && settings.HasIPv6Loopback)
        {
            local.Add(new(IPAddress.IPv6Loopback, settings.AdminPort));
        }

        List<HttpServer> started = [];
        try
        {
            started.Add(HttpServer.Start(new HttpServerOptions("admin", local), admin, logs.For("ztunnel::admin")));
            started.Add(HttpServer.Start(new HttpServerOptions("stats", [new(any, settings.StatsPort)]), metrics, logs.For("ztunnel::metrics")));
            started.Add(HttpServer.Start(new HttpServerOptions("readiness", [new(any, settings.ReadinessPort)]), readiness, logs.For("ztunnel::readiness")));
        }
        catch
        {
            foreach (HttpServer server in started)
            {
                await server.DisposeAsync();
            }

            throw;
        }

        return new OperatorServers([.. started]);
    }

    /// <summary>Stops accepting and lets running requests end.</summary>
    public Task DrainAsync(TimeSpan limit) => Task.WhenAll(_servers.Select(s => s.DrainAsync(limit)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (HttpServer server in _servers)
        {
            await server.DisposeAsync();
        }
    }
}
