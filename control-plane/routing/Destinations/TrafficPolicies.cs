using System.Globalization;
using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Protocol.L7;
using Ambient.Routing.Actions;

namespace Ambient.ControlPlane.Routing.Destinations;

/// <summary>Traffic policies as the waypoint gets them (waypoint reference 2.3.1 to 2.3.4). Pure.</summary>
internal static class TrafficPolicies
{
    public static TrafficPolicy Make(PolicyGroups groups, UpstreamTls? tls, MeshDefaults defaults)
    {
        TrafficPolicy policy = new()
        {
            Pool = Pool(groups.Pool, defaults),
            Outliers = Outliers(groups.Outliers),
            Tls = tls,
            ProxyProtocol = groups.Proxy?.Text("version") switch { null => 0, "V2" => 2, _ => 1 },
        };
        Balance(groups.Balancing, policy);
        if (groups.Budget is { } budget)
        {
            policy.RetryBudget = new RetryBudget { Percent = budget.Real("percent") ?? 20, MinConcurrency = budget.Number("minRetryConcurrency") ?? 3 };
            budget.Unsupported("budgetInterval", "retries count while they run");
            budget.End();
        }

        if (groups.Tunnel is { } tunnel)
        {
            tunnel.Problems.Add(tunnel.Source, RoutingProblem.UnsupportedValue, $"{tunnel.Path} is not supported and has no effect");
        }

        groups.Proxy?.End();
        return policy;
    }

    private static void Balance(SpecReader? balancing, TrafficPolicy policy)
    {
        if (balancing is null)
        {
            return;
        }

        string simple = balancing.Text("simple");
        policy.Balancing = simple switch { "ROUND_ROBIN" => Balancing.RoundRobin, "RANDOM" => Balancing.Random, "PASSTHROUGH" => Balancing.Passthrough, _ => Balancing.LeastRequest };
        if (simple is not ("" or "UNSPECIFIED" or "LEAST_CONN" or "LEAST_REQUEST" or "ROUND_ROBIN" or "RANDOM" or "PASSTHROUGH"))
        {
            balancing.Invalid("simple", $"'{simple}' is not known; LEAST_REQUEST is used");
        }

        if (balancing.Object("consistentHash") is { } hash)
        {
            policy.Balancing = hash.Has("maglev") ? Balancing.Maglev : Balancing.RingHash;
            policy.TableSize = TableSize(hash);
            policy.Hash.Add(Source(hash));
            hash.End();
        }

        SpecReader? warmup = balancing.Object("warmup");
        policy.WarmupMs = warmup?.Milliseconds("duration") ?? balancing.Milliseconds("warmupDurationSecs") ?? 0;
        policy.WarmupMinPercent = (uint)Math.Clamp(warmup?.Real("minimumPercent") ?? 10, 0, 100);
        policy.WarmupAggression = warmup?.Real("aggression") ?? 1;
        policy.Locality = LocalityPolicies.Read(balancing);
        balancing.End();
    }

    /// <summary>How many places the table has; 0 when nothing is said. What cannot be as written is said with the size that is used.</summary>
    private static uint TableSize(SpecReader hash)
    {
        if (hash.Object("maglev") is { } maglev)
        {
            return MaglevSize(maglev);
        }

        SpecReader ring = hash.Object("ringHash") is { } own && own.Has("minimumRingSize") ? own : hash;
        uint wanted = ring.Number("minimumRingSize") ?? 0;
        if (wanted > HashTableSizes.LargestRing)
        {
            ring.Invalid("minimumRingSize", string.Create(CultureInfo.InvariantCulture, $"is at most {HashTableSizes.LargestRing} here, which is used instead"));
        }

        return Math.Min(wanted, HashTableSizes.LargestRing);
    }

    private static uint MaglevSize(SpecReader maglev)
    {
        uint wanted = maglev.Number("tableSize") ?? 0;
        if (wanted == 0)
        {
            return 0;
        }

        uint used = (uint)HashTableSizes.Maglev(wanted);
        if (wanted > HashTableSizes.LargestMaglev)
        {
            maglev.Invalid("tableSize", string.Create(CultureInfo.InvariantCulture, $"is at most {HashTableSizes.LargestMaglev} here, which is used instead"));
        }
        else if (used != wanted)
        {
            maglev.Invalid("tableSize", string.Create(CultureInfo.InvariantCulture, $"must be a prime, and {wanted} is none; {used}, the next one, is used"));
        }

        return used;
    }

    private static HashSource Source(SpecReader hash)
    {
        if (hash.Object("httpCookie") is { } cookie)
        {
            ulong? ttl = cookie.Milliseconds("ttl");
            HashSource source = new() { Cookie = cookie.Text("name"), CookiePath = cookie.Text("path"), HasTtl = ttl is not null, CookieTtlSeconds = (ttl ?? 0) / 1000 };
            source.CookieAttributes = string.Concat(cookie.Objects("attributes").Select(item => $"; {item.Text("name")}{(item.Text("value") is { Length: > 0 } value ? "=" + value : "")}"));
            cookie.End();
            return source;
        }

        return hash.Text("httpHeaderName") is { Length: > 0 } header ? new HashSource { Header = header }
            : hash.Text("httpQueryParameterName") is { Length: > 0 } query ? new HashSource { Query = query }
            : new HashSource { SourceAddress = hash.Flag("useSourceIp") };
    }

    private static ConnectionPool? Pool(SpecReader? pool, MeshDefaults defaults)
    {
        ConnectionPool result = new() { ConnectTimeoutMs = defaults.ConnectTimeoutMs, UpgradeToHttp2 = defaults.UpgradesToHttp2 };
        if (pool is null)
        {
            return defaults.SayConnections ? result : null;
        }

        if (pool.Object("tcp") is { } tcp)
        {
            result.MaxConnections = tcp.Number("maxConnections") ?? 0;
            result.ConnectTimeoutMs = tcp.Milliseconds("connectTimeout") ?? defaults.ConnectTimeoutMs;
            result.TcpIdleMs = tcp.Milliseconds("idleTimeout") ?? 0;
            result.MaxConnectionMs = tcp.Milliseconds("maxConnectionDuration") ?? 0;
            tcp.Unsupported("tcpKeepalive", "the system's settings are used");
            tcp.End();
        }

        if (pool.Object("http") is { } http)
        {
            result.MaxPending = http.Number("http1MaxPendingRequests") ?? 0;
            result.MaxRequests = http.Number("http2MaxRequests") ?? 0;
            result.MaxRequestsPerConnection = http.Number("maxRequestsPerConnection") ?? 0;
            result.MaxRetries = http.Number("maxRetries") ?? 0;
            result.HttpIdleMs = http.Milliseconds("idleTimeout") ?? 0;
            result.UpgradeToHttp2 = http.Text("h2UpgradePolicy") switch { "UPGRADE" => true, "" or "DEFAULT" => defaults.UpgradesToHttp2, _ => false };
            result.ClientProtocol = http.Flag("useClientProtocol");
            result.MaxStreams = http.Number("maxConcurrentStreams") ?? 0;
            http.Unsupported("http2KeepAlive", "connections are not probed");
            http.End();
        }

        pool.End();
        return result;
    }

    private static OutlierDetection? Outliers(SpecReader? outliers)
    {
        if (outliers is null)
        {
            return null;
        }

        OutlierDetection result = new()
        {
            Consecutive5Xx = outliers.Number("consecutive5xxErrors") ?? 5,
            ConsecutiveGatewayErrors = outliers.Number("consecutiveGatewayErrors") ?? 0,
            SplitLocal = outliers.Flag("splitExternalLocalOriginErrors"),
            ConsecutiveLocal = outliers.Number("consecutiveLocalOriginFailures") ?? 5,
            IntervalMs = outliers.Milliseconds("interval") ?? 10_000,
            BaseEjectionMs = outliers.Milliseconds("baseEjectionTime") ?? 30_000,
            MaxEjectionPercent = outliers.Number("maxEjectionPercent") is { } percent and not 0 ? percent : 10,
            MinHealthPercent = outliers.Number("minHealthPercent") ?? 0,
            Codes = { outliers.Numbers("outlierDetectionHttpErrorCodes") },
        };
        outliers.Unsupported("consecutiveErrors", "use consecutive5xxErrors");
        outliers.End();
        return result;
    }
}
