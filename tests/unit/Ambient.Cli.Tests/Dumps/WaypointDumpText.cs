namespace Ambient.Cli.Tests.Dumps;

/// <summary>A small config_dump of a waypoint.</summary>
internal static class WaypointDumpText
{
    public const string Text = """
        {
          "server": {"state": "LIVE"},
          "certificates": [],
          "routes": [
            {"service": "shop/cart.shop.svc.cluster.local", "ports": [
              {"port": 80, "protocol": "Http", "http": [
                {"name": "canary", "match": {"path": {"segmentPrefix": "/new"}, "method": {"exact": "GET"}, "headers": [{"name": "x-lane", "value": {"regex": "a|b", "invert": true}}, {"name": "cookie", "value": "[redacted]"}]},
                 "action": {"targets": [{"destination": "shop/v1.shop.svc.cluster.local:80", "weight": 3}, {"destination": "shop/v2.shop.svc.cluster.local:80/beta", "weight": 1}], "timeoutMs": 2000, "retry": {"attempts": 3, "on": "5xx,reset"}, "fault": {"abortStatus": 500, "abortPercent": 12.5}}},
                {"name": "moved", "match": {}, "action": {"redirect": {"status": 301}}}
              ], "tcp": []},
              {"port": 5432, "protocol": "Tcp", "http": [], "tcp": [{"name": "db", "serverNames": [], "targets": [{"destination": "shop/pg.shop.svc.cluster.local:5432", "weight": 1}]}]}
            ]}
          ],
          "destinations": [{"service": "shop/cart.shop.svc.cluster.local", "subsets": [], "policies": [{"balancing": "LeastRequest", "connectionPool": {"maxPending": 7}, "tls": {"sni": "x.example"}}]}],
          "accessPolicies": [{"namespace": "shop", "name": "deny-all", "action": "Deny", "dryRun": true, "attachedTo": ["*"], "rules": [{}]}],
          "tokenPolicies": [{"namespace": "shop", "name": "jwt", "attachedTo": ["shop/cart.shop.svc.cluster.local"], "rules": [{"issuer": "i"}]}],
          "rateLimits": [{"namespace": "shop", "name": "busy", "dryRun": true, "attachedTo": ["*"], "rules": [{"requests": 5}, {"requests": 6}]}],
          "endpoints": [
            {"destination": "shop/v1.shop.svc.cluster.local:80", "address": "10.0.0.1:8080", "workload": "shop/v1-0", "protocol": "HBONE", "status": "InService", "activeRequests": 4, "weight": 1, "priority": 0},
            {"destination": "shop/v2.shop.svc.cluster.local:80", "address": "10.0.0.2:8080", "workload": "shop/v2-0", "protocol": "TCP", "status": "Ejected", "ejectedForMs": 12500, "activeRequests": 0, "weight": 1, "priority": 1}
          ],
          "services": [],
          "workloads": []
        }
        """;
}
