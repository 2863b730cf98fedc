using Ambient.Protocol.Envoy.Discovery;
using Ambient.Protocol.L7;
using Ambient.Routing.Authorizers;
using Ambient.Waypoint.Configuration;
using Ambient.Waypoint.Discovery;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Waypoint.Tests.Discovery;

/// <summary>What of the waypoint's settings is kept on disk.</summary>
public sealed class SettingsSinkTests
{
    private readonly SettingsSink _sink = new(new ConfigurationStore("cluster.local", static _ => { }, static _ => { }));

    [Fact]
    public void Tokens_AreNotKept_AndAuthorisersThatWouldNotKnowUsAreNotAsked()
    {
        HeaderValue token = new() { Name = "authorization", Value = "Bearer very-secret" };
        WaypointSettings settings = new()
        {
            ServerHeader = "shop",
            Authorizers =
            {
                new Authorizer { Name = "with", FailOpen = true, Service = new Destination { Namespace = "a", Hostname = "b", Port = 1 }, AdditionalFields = { token } },
                new Authorizer { Name = "without", Service = new Destination { Namespace = "a", Hostname = "b", Port = 1 } },
            },
            Telemetry = new TelemetrySettings
            {
                Providers =
                {
                    new TelemetryProvider { Name = "logs", OtlpLogs = new OtlpEndpoint { Host = "logs", Headers = { token } } },
                    new TelemetryProvider { Name = "spans", OtlpTraces = new OtlpEndpoint { Host = "spans", Headers = { token } } },
                },
            },
        };
        Resource kept = _sink.ForDisk(Of(settings));
        Assert.DoesNotContain("very-secret", kept.ToByteString().ToStringUtf8(), StringComparison.Ordinal);
        Assert.Equal("", kept.Version);
        WaypointSettings read = WaypointSettings.Parser.ParseFrom(kept.Resource_.Value);
        Assert.Equal(("shop", "logs", "spans"), (read.ServerHeader, read.Telemetry.Providers[0].OtlpLogs.Host, read.Telemetry.Providers[1].OtlpTraces.Host));
        AuthorizerSet authorizers = new(read.Authorizers);
        Assert.Null(authorizers.Find("with"));
        Assert.NotNull(authorizers.Find("without"));
    }

    [Fact]
    public void SettingsWithoutSecrets_AreKeptAsTheyAre()
    {
        Resource resource = Of(new WaypointSettings { ServerHeader = "shop" });
        Assert.Same(resource, _sink.ForDisk(resource));
    }

    private static Resource Of(WaypointSettings settings) => new() { Name = "bench/gateway", Version = "7", Resource_ = new Any { Value = settings.ToByteString() } };
}
