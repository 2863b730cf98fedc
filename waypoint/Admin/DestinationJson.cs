using System.Text.Json;
using Ambient.Protocol.L7;

namespace Ambient.Waypoint.Admin;

/// <summary>How hosts are reached, as <c>config_dump</c> writes it; of certificates and keys only that they are there. Pure.</summary>
internal static class DestinationJson
{
    /// <summary>One host.</summary>
    public static void Write(Utf8JsonWriter json, DestinationSettings settings)
    {
        json.WriteStartObject();
        json.WriteString("service"u8, $"{settings.Namespace}/{settings.Hostname}");
        json.WriteStartArray("subsets"u8);
        foreach (Subset subset in settings.Subsets)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, subset.Name);
            json.WriteNumber("members"u8, subset.Members.Count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("policies"u8);
        foreach (ScopedPolicy scoped in settings.Policies)
        {
            json.WriteStartObject();
            ActionJson.Number(json, "port", scoped.Port);
            if (scoped.Subset.Length > 0)
            {
                json.WriteString("subset"u8, scoped.Subset);
            }

            Write(json, scoped.Policy ?? new TrafficPolicy());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, TrafficPolicy policy)
    {
        json.WriteString("balancing"u8, policy.Balancing.ToString());
        ActionJson.Number(json, "warmupMs", policy.WarmupMs);
        ActionJson.Number(json, "proxyProtocol", policy.ProxyProtocol);
        Write(json, policy.Pool);
        if (policy.Outliers is { } outliers)
        {
            json.WriteStartObject("outlierDetection"u8);
            ActionJson.Number(json, "consecutive5xx", outliers.Consecutive5Xx);
            ActionJson.Number(json, "consecutiveGatewayErrors", outliers.ConsecutiveGatewayErrors);
            ActionJson.Number(json, "consecutiveLocal", outliers.ConsecutiveLocal);
            ActionJson.Number(json, "intervalMs", outliers.IntervalMs);
            ActionJson.Number(json, "baseEjectionMs", outliers.BaseEjectionMs);
            json.WriteNumber("maxEjectionPercent"u8, outliers.MaxEjectionPercent);
            ActionJson.Number(json, "minHealthPercent", outliers.MinHealthPercent);
            json.WriteEndObject();
        }

        if (policy.Tls is { } tls)
        {
            json.WriteStartObject("tls"u8);
            json.WriteString("sni"u8, tls.Sni);
            json.WriteBoolean("hasAuthorities"u8, tls.Authorities.Length > 0);
            json.WriteBoolean("hasCertificate"u8, tls.Certificate.Length > 0);
            json.WriteBoolean("skipsVerification"u8, tls.SkipVerify);
            if (tls.Broken.Length > 0)
            {
                json.WriteString("broken"u8, tls.Broken);
            }

            json.WriteEndObject();
        }
    }

    private static void Write(Utf8JsonWriter json, ConnectionPool? pool)
    {
        if (pool is null)
        {
            return;
        }

        json.WriteStartObject("connectionPool"u8);
        ActionJson.Number(json, "maxConnections", pool.MaxConnections);
        ActionJson.Number(json, "maxPending", pool.MaxPending);
        ActionJson.Number(json, "maxRequests", pool.MaxRequests);
        ActionJson.Number(json, "maxRequestsPerConnection", pool.MaxRequestsPerConnection);
        ActionJson.Number(json, "maxRetries", pool.MaxRetries);
        ActionJson.Number(json, "maxStreams", pool.MaxStreams);
        ActionJson.Number(json, "connectTimeoutMs", pool.ConnectTimeoutMs);
        ActionJson.Number(json, "httpIdleMs", pool.HttpIdleMs);
        ActionJson.Number(json, "tcpIdleMs", pool.TcpIdleMs);
        json.WriteEndObject();
    }
}
