namespace Ambient.Component.Tests.Charts;

/// <summary>Values that go to the edges of what charts accept; each is rendered and applied.</summary>
internal static class ChartValues
{
    public const string ControlPlane = """
        hub: registry.example:5000/a/b
        tag: 1.2
        revision: canary-2
        autoscaleEnabled: true
        autoscaleMin: 3
        autoscaleBehavior: {scaleDown: {stabilizationWindowSeconds: 600}}
        memory: {targetAverageUtilization: 70}
        rollingMaxSurge: 1
        rollingMaxUnavailable: 0
        terminationGracePeriodSeconds: 0
        trustedZtunnelNamespace: kube-system
        trustedNodeAccounts: [other/ztunnel, kube-system/ztunnel]
        env: {AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY: true, DEFAULT_WORKLOAD_CERT_TTL: "1h", "TOKEN_AUDIENCES": "istio-ca,\"quoted\": #x"}
        logLevel: "info,ambientd::xds=debug"
        nodeSelector: {zone: "1"}
        affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: istiod}}}]}}
        tolerations: [{key: "a.b/c", operator: Exists}]
        topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: istiod}}}]
        podAnnotations: {"example.com/text": "yes: \"no\"\nnext line"}
        podLabels: {team: "007"}
        deploymentAnnotations: {a: "true"}
        deploymentLabels: {b: "1e3"}
        serviceAnnotations: {c: "null"}
        serviceAccountAnnotations: {"iam.example/role": "arn:x"}
        volumes: [{name: more, emptyDir: {}}]
        volumeMounts: [{name: more, mountPath: /more}]
        waypoint: {image: "w", template: "a: {{ .b }}\n---\nc: '\"'\n"}
        meshConfig: {trustDomain: example.org, trustDomainAliases: [old.example, older.example], rootNamespace: mesh-root}
        resources: null
        seccompProfile: null
        global: {imagePullSecrets: [one, two], networkPolicy: {enabled: true}, multiCluster: {clusterName: c-1}, proxy: {clusterDomain: corp.local}, priorityClassName: "", imagePullPolicy: Never}
        """;

    public const string Cni = """
        hub: registry.example:5000/a/b
        tag: "007"
        pullPolicy: Always
        cniBinDir: /a b/bin
        cniConfFileName: 05-cilium.conflist
        istioOwnedCNIConfig: false
        excludeNamespaces: [kube-system, other, "true"]
        ambient: {dnsCapture: false, ipv6: false, redirection: sockets, strict: false, shareHostNetworkNamespace: true}
        probes: {mode: node-address, address: 10.0.0.1, addressV6: "fd00::1"}
        logging: {level: "info,agent::zds=debug"}
        env: {AMBIENT_PROOF_INTERVAL: 10, AMBIENT_ADD_TIMEOUT: "3"}
        resourceQuotas: {enabled: true, pods: 10}
        daemonSetLabels: {a: "1"}
        podLabels: {b: "2"}
        podAnnotations: {c: "3"}
        nodeSelector: {d: "4"}
        affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: x, operator: Exists}]}]}}}
        tolerations: []
        seccompProfile: {type: Unconfined}
        seLinuxOptions: {level: "s0:c1"}
        updateStrategy: {type: OnDelete}
        resources: null
        priorityClassName: system-cluster-critical
        global: {platform: k3s, imagePullSecrets: [one], networkPolicy: {enabled: true}, nativeNftables: true}
        """;

    public const string Ztunnel = """
        hub: registry.example:5000/a/b
        tag: 1.10
        imagePullPolicy: Never
        imagePullSecrets: [one]
        resourceName: ztunnel-canary
        revision: canary-2
        istioNamespace: mesh
        xdsAddress: xds.example:443
        caAddress: ca.example:443
        trustBundleName: my-roots
        network: "1"
        multiCluster: {clusterName: c-1}
        meshConfig: {defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: "false", XDS_ON_DEMAND: "true"}}}
        env: {RUST_LOG: "debug,access=off", ZTUNNEL_WORKER_THREADS: "50%"}
        logAsJson: true
        peerCaCrl: {enabled: true}
        resources: {limits: {cpu: 1500m, memory: 1Gi}, requests: {cpu: "1", memory: 1Gi}}
        resourceQuotas: {enabled: true}
        labels: {team: mesh}
        annotations: {a: "yes"}
        podLabels: {b: "2"}
        podAnnotations: {c: "x: y"}
        seccompProfile: {type: RuntimeDefault}
        seLinuxOptions: {level: "s0"}
        dnsPolicy: None
        dnsConfig: {nameservers: [10.0.0.10]}
        volumes: [{name: more, emptyDir: {}}]
        volumeMounts: [{name: more, mountPath: /more}]
        terminationGracePeriodSeconds: 300
        updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 10%}}
        global: {platform: openshift, imagePullSecrets: [one, two], networkPolicy: {enabled: true}}
        """;

    public const string Ambient = """
        base: {base: {excludedCRDs: [telemetries.telemetry.istio.io], gatewayAPI: false}}
        istiod: {replicaCount: 2, trustedZtunnelNamespace: proxies}
        ztunnel: {enabled: false}
        cni: {tag: "9.9"}
        global: {hub: registry.example/x, tag: 2.0.0, networkPolicy: {enabled: true}, platform: minikube}
        """;

    /// <summary>Every chart with its extreme values.</summary>
    public static IReadOnlyList<(string Chart, string Values)> Extremes { get; } = [("control-plane", ControlPlane), ("cni", Cni), ("ztunnel", Ztunnel), ("ambient", Ambient)];
}
