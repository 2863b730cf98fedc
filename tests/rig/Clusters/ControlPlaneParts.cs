using Ambient.Topology.Processes;

namespace Ambient.Rig.Clusters;

/// <summary>How the parts of a control plane are started: flags that were tried with 1.20 and serve newer versions as well. Pure.</summary>
internal static class ControlPlaneParts
{
    /// <summary>Services get addresses of this range; the first is the API server's.</summary>
    public const string ServiceRange = "10.96.0.0/16";

    public static IEnumerable<ProcessPlan> Plans(ClusterFiles files, string network, System.Net.IPAddress address, string logs)
    {
        ProcessPlan Plan(string name, params string[] arguments) =>
            new(name, Path.Combine(KubernetesBinaries.Folder, name), arguments) { NamespaceName = network, LogPath = Path.Combine(logs, name + ".log") };

        yield return Plan("etcd", "--data-dir", files.Path("etcd"), "--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls", "http://127.0.0.1:2379", "--listen-peer-urls", "http://127.0.0.1:2380", "--unsafe-no-fsync");
        yield return Plan(
            "kube-apiserver",
            "--etcd-servers=http://127.0.0.1:2379",
            "--secure-port=6443",
            "--advertise-address=" + address,
            "--service-cluster-ip-range=" + ServiceRange,
            "--allow-privileged=true",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--client-ca-file=" + files.Path("ca.crt"),
            "--tls-cert-file=" + files.Path("server.crt"),
            "--tls-private-key-file=" + files.Path("server.key"),
            "--kubelet-client-certificate=" + files.Path("kubelet-client.crt"),
            "--kubelet-client-key=" + files.Path("kubelet-client.key"),
            "--kubelet-certificate-authority=" + files.Path("ca.crt"),
            "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=" + files.Path("sa.pub"),
            "--service-account-signing-key-file=" + files.Path("sa.key"),
            "--requestheader-client-ca-file=" + files.Path("ca.crt"),
            "--requestheader-allowed-names=front-proxy",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            "--proxy-client-cert-file=" + files.Path("front-proxy.crt"),
            "--proxy-client-key-file=" + files.Path("front-proxy.key"),
            "--enable-aggregator-routing=true");
        yield return Plan(
            "kube-controller-manager",
            "--kubeconfig=" + files.Path("controller-manager.conf"),
            "--authentication-kubeconfig=" + files.Path("controller-manager.conf"),
            "--authorization-kubeconfig=" + files.Path("controller-manager.conf"),
            "--root-ca-file=" + files.Path("ca.crt"),
            "--service-account-private-key-file=" + files.Path("sa.key"),
            "--cluster-signing-cert-file=" + files.Path("ca.crt"),
            "--cluster-signing-key-file=" + files.Path("ca.key"),
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--allocate-node-cidrs=false",
            // A node that is gone is noticed in seconds, not in minutes.
            "--node-monitor-grace-period=10s",
            "--node-monitor-period=2s");
        yield return Plan(
            "kube-scheduler",
            "--kubeconfig=" + files.Path("scheduler.conf"),
            "--authentication-kubeconfig=" + files.Path("scheduler.conf"),
            "--authorization-kubeconfig=" + files.Path("scheduler.conf"),
            "--leader-elect=false");
    }

    /// <summary>kubelet and kube-proxy of a node, with their files.</summary>
    public static (Dictionary<string, string> Files, Dictionary<string, string> Services) Node(ClusterFiles files, string name, System.Net.IPAddress address, System.Net.IPAddress dns, string folder)
    {
        string wait = "until [ -S /run/containerd/containerd.sock ] && curl -sk --max-time 2 -o /dev/null https://" + dns + ":6443/healthz; do sleep 0.1; done; ";
        string kubelet = $"""
            apiVersion: kubelet.config.k8s.io/v1beta1
            kind: KubeletConfiguration
            authentication: {"{"}anonymous: {"{"}enabled: false{"}"}, webhook: {"{"}enabled: true{"}"}, x509: {"{"}clientCAFile: {files.Path("ca.crt")}{"}"}{"}"}
            authorization: {"{"}mode: Webhook{"}"}
            cgroupDriver: cgroupfs
            failSwapOn: false
            clusterDNS: ["{dns}"]
            clusterDomain: cluster.local
            resolvConf: {folder}/etc/resolv.conf
            evictionHard: {"{"}memory.available: 50Mi{"}"}
            imageGCHighThresholdPercent: 100
            nodeStatusUpdateFrequency: 1s
            syncFrequency: 10s
            volumePluginDir: {folder}/volume-plugins
            """;
        string proxy = $"""
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            kind: KubeProxyConfiguration
            mode: iptables
            hostnameOverride: {name}
            clientConnection: {"{"}kubeconfig: {files.Path("proxy.conf")}{"}"}
            conntrack: {"{"}maxPerCore: 0, min: 0{"}"}
            iptables: {"{"}syncPeriod: 10s, minSyncPeriod: 0s{"}"}
            """;
        return (
            new(StringComparer.Ordinal) { ["etc/kubelet.yaml"] = kubelet, ["etc/kube-proxy.yaml"] = proxy },
            new(StringComparer.Ordinal)
            {
                ["kubelet"] = wait + $"exec kubelet --config={folder}/etc/kubelet.yaml --kubeconfig={files.Path($"node-{name}.conf")} --hostname-override={name} --node-ip={address} --tls-cert-file={files.Path($"serve-{name}.crt")} --tls-private-key-file={files.Path($"serve-{name}.key")} --container-runtime=remote --container-runtime-endpoint=unix:///run/containerd/containerd.sock",
                ["kube-proxy"] = wait + $"exec kube-proxy --config={folder}/etc/kube-proxy.yaml",
            });
    }
}
