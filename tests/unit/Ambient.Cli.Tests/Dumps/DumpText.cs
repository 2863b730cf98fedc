namespace Ambient.Cli.Tests.Dumps;

/// <summary>A dump with the members of ztunnel.md 10.7: two nodes, a client in the mesh, one outside, a service with two endpoints, a waypoint.</summary>
internal static class DumpText
{
    public const string Text = """
        {
          "certificates": [
            {"identity": "spiffe://cluster.local/ns/shop/sa/cart", "state": "Available",
             "certChain": [{"serialNumber": "2711", "validFrom": "2026-08-20T10:00:00Z", "expirationTime": "2026-08-21T10:00:00Z", "pem": ""}],
             "rootCerts": [{"serialNumber": "1", "validFrom": "2026-01-01T00:00:00Z", "expirationTime": "2036-01-01T00:00:00Z", "pem": ""}]},
            {"identity": "spiffe://cluster.local/ns/shop/sa/new", "state": "Unavailable: denied", "certChain": [], "rootCerts": []}],
          "config": {"network": "", "localNode": "n1"},
          "version": {"version": "1.2.3"},
          "policies": [
            {"action": "Allow", "dryRun": false, "name": "clients", "namespace": "shop", "scope": "WorkloadSelector",
             "rules": [[[{"principals": [{"Exact": "cluster.local/ns/other/sa/nobody"}]}]], [[{"namespaces": [{"Exact": "web"}]}], [{"destinationPorts": [8080]}]]]},
            {"action": "Deny", "dryRun": false, "name": "strict", "namespace": "db", "scope": "Namespace", "rules": [[[{"notPrincipals": [{"Presence": []}]}]]]},
            {"action": "Deny", "dryRun": true, "name": "trial", "namespace": "shop", "scope": "Namespace", "rules": [[[{"namespaces": [{"Prefix": "we"}]}]]]}],
          "services": [
            {"canonical": true, "hostname": "cart.shop.svc.cluster.local", "name": "cart", "namespace": "shop", "ports": {"80": 8080, "81": 9090}, "subjectAltNames": [], "vips": ["/10.96.0.9"], "visibility": "Public",
             "endpoints": {"c//Pod/shop/cart-0": {"port": {"80": 8080, "81": 9090}, "status": "Healthy", "workloadUid": "c//Pod/shop/cart-0"}, "c//Pod/shop/cart-1": {"port": {"80": 8080}, "status": "Healthy", "workloadUid": "c//Pod/shop/cart-1"}}},
            {"canonical": true, "hostname": "l7.shop.svc.cluster.local", "name": "l7", "namespace": "shop", "ports": {"80": 80}, "subjectAltNames": [], "vips": ["/10.96.0.10"], "visibility": "Public", "endpoints": {},
             "waypoint": {"destination": "shop/waypoint.shop.svc.cluster.local", "hboneMtlsPort": 15008}},
            {"canonical": true, "hostname": "waypoint.shop.svc.cluster.local", "name": "waypoint", "namespace": "shop", "ports": {"15008": 15008}, "subjectAltNames": [], "vips": ["/10.96.0.11"], "visibility": "Public",
             "endpoints": {"c//Pod/shop/waypoint-0": {"port": {"15008": 15008}, "status": "Healthy", "workloadUid": "c//Pod/shop/waypoint-0"}}},
            {"canonical": true, "hostname": "empty.shop.svc.cluster.local", "name": "empty", "namespace": "shop", "ports": {"80": 80}, "subjectAltNames": [], "vips": ["/10.96.0.12"], "visibility": "Public", "endpoints": {},
             "cidrVips": ["/10.97.0.0/24", {"network": "", "cidr": "10.98.0.0/24"}]}],
          "workloads": [
            {"uid": "c//Pod/web/client", "name": "client", "namespace": "web", "serviceAccount": "client", "trustDomain": "cluster.local", "protocol": "HBONE", "networkMode": "Standard", "node": "n1", "status": "Healthy", "clusterId": "c", "capacity": 1, "workloadIps": ["10.1.0.5"], "workloadName": "client", "workloadType": "pod"},
            {"uid": "c//Pod/web/plain", "name": "plain", "namespace": "web", "serviceAccount": "plain", "protocol": "TCP", "networkMode": "Standard", "node": "n1", "status": "Healthy", "clusterId": "c", "capacity": 1, "workloadIps": ["10.1.0.6"]},
            {"uid": "c//Pod/shop/cart-0", "name": "cart-0", "namespace": "shop", "serviceAccount": "cart", "protocol": "HBONE", "networkMode": "Standard", "node": "n2", "status": "Healthy", "clusterId": "c", "capacity": 1, "workloadIps": ["10.1.1.9"], "workloadName": "cart",
             "services": ["shop/cart.shop.svc.cluster.local"], "authorizationPolicies": ["shop/clients"]},
            {"uid": "c//Pod/shop/cart-1", "name": "cart-1", "namespace": "shop", "serviceAccount": "cart", "protocol": "TCP", "networkMode": "Standard", "node": "n1", "status": "Healthy", "clusterId": "c", "capacity": 1, "workloadIps": ["10.1.0.9"],
             "services": ["shop/cart.shop.svc.cluster.local"]},
            {"uid": "c//Pod/shop/waypoint-0", "name": "waypoint-0", "namespace": "shop", "serviceAccount": "waypoint", "protocol": "TCP", "nativeTunnel": true, "networkMode": "Standard", "node": "n2", "status": "Healthy", "clusterId": "c", "capacity": 1, "workloadIps": ["10.1.1.20"],
             "services": ["shop/waypoint.shop.svc.cluster.local"]},
            {"uid": "c//Pod/db/pg", "name": "pg", "namespace": "db", "serviceAccount": "pg", "protocol": "HBONE", "networkMode": "Standard", "node": "n2", "status": "Unhealthy", "clusterId": "c", "capacity": 1, "workloadIps": ["10.1.1.30", "fd00::30"], "waypoint": {"destination": "/10.96.0.11", "hboneMtlsPort": 15008}}],
          "workloadState": {"u1": {"state": "Up", "info": {"name": "client", "namespace": "web", "serviceAccount": "client"},
            "connections": {"inbound": [{"actualDst": "10.1.0.5:80", "originalDst": null, "protocol": "HBONE", "src": "10.1.1.9:4000"}], "outbound": [{"actualDst": "10.1.1.9:15008", "originalDst": "10.96.0.9:80", "protocol": "HBONE", "src": "10.1.0.5:5000"}]}},
            "u2": {"state": "Pending", "info": {"name": "lost", "namespace": "web", "serviceAccount": "lost"}}}
        }
        """;
}
