using System.Text.Json;
using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Admin;

/// <summary>What holds for the waypoint as a whole, as <c>config_dump</c> writes it; fields that are sent to collectors and authorisers without their values. Pure.</summary>
internal static class SettingsJson
{
    /// <summary>The member <c>settings</c>.</summary>
    public static void Write(Utf8JsonWriter json, WaypointSettings settings)
    {
        json.WriteStartObject("settings"u8);
        json.WriteString("normalization"u8, settings.Normalization.ToString());
        Texts(json, "trustDomainAliases", settings.TrustDomainAliases);
        json.WriteStartArray("listeners"u8);
        foreach (Listener listener in settings.Listeners)
        {
            json.WriteStartObject();
            json.WriteNumber("port"u8, listener.Port);
            json.WriteString("service"u8, $"{listener.Namespace}/{listener.Hostname}:{listener.ServicePort}");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("authorizers"u8);
        foreach (Authorizer authorizer in settings.Authorizers)
        {
            Write(json, authorizer);
        }

        json.WriteEndArray();
        json.WriteStartArray("telemetryProviders"u8);
        foreach (TelemetryProvider provider in settings.Telemetry?.Providers ?? [])
        {
            Write(json, provider);
        }

        json.WriteEndArray();
        json.WriteNumber("telemetryProfiles"u8, settings.Telemetry?.Profiles.Count ?? 0);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Authorizer authorizer)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, authorizer.Name);
        if (authorizer.Service is { } service)
        {
            json.WriteString("service"u8, $"{service.Namespace}/{service.Hostname}:{service.Port}");
        }

        json.WriteString("protocol"u8, authorizer.IsGrpc ? "GRPC" : "HTTP");
        json.WriteNumber("timeoutMs"u8, authorizer.TimeoutMs);
        json.WriteBoolean("failOpen"u8, authorizer.FailOpen);
        SecretFields.Write(json, "additionalFields", authorizer.AdditionalFields, isAllSecret: true);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, TelemetryProvider provider)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, provider.Name);
        json.WriteString("kind"u8, provider.KindCase.ToString());
        if ((provider.OtlpLogs ?? provider.OtlpTraces) is { } otlp)
        {
            json.WriteString("address"u8, $"{otlp.Host}:{otlp.Port}{otlp.Path}");
            SecretFields.Write(json, "headers", otlp.Headers, isAllSecret: true);
        }
        else if (provider.Zipkin is { } zipkin)
        {
            json.WriteString("address"u8, $"{zipkin.Host}:{zipkin.Port}{zipkin.Path}");
        }

        json.WriteEndObject();
    }

    private static void Texts(Utf8JsonWriter json, string member, IEnumerable<string> texts)
    {
        json.WriteStartArray(member);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
