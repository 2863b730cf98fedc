namespace Ambient.Mesh.Connections;

/// <summary>The table that gives each <see cref="CloseReason"/> its wire code, status, flag and advice. Immutable.</summary>
public static class CloseReasons
{
    private const uint NoError = 0x0;
    private const uint Protocol = 0x1;
    private const uint Internal = 0x2;
    private const uint RefusedStream = 0x7;
    private const uint Cancel = 0x8;
    private const uint Connect = 0xA;
    private const uint Calm = 0xB;

    private static readonly CloseDescription[] Table = Build();

    /// <summary>All reasons, in the order of their numbers.</summary>
    public static IReadOnlyList<CloseReason> All { get; } = Enum.GetValues<CloseReason>();

    /// <summary>What the reason means.</summary>
    public static CloseDescription Describe(CloseReason reason)
    {
        int index = (int)reason;
        return (uint)index < (uint)Table.Length ? Table[index] : Table[(int)CloseReason.InternalError];
    }

    private static CloseDescription[] Build()
    {
        CloseDescription[] table = new CloseDescription[Enum.GetValues<CloseReason>().Length];
        Routing(table);
        Peers(table);
        Ends(table);
        return table;
    }

    private static void Routing(CloseDescription[] table)
    {
        table[(int)CloseReason.UnknownSource] = Failed("unknown_source", "CONNECT", 503, Cancel, "the control plane has not sent this pod's workload: is the pod enrolled, and is the xDS connection up?");
        table[(int)CloseReason.SelfCall] = Failed("self_call", "CONNECT", 503, Cancel, "the application dialled one of the proxy's own ports");
        table[(int)CloseReason.UnknownWaypoint] = Failed("unknown_waypoint", "CONNECT", 503, Cancel, "the waypoint that the destination names does not exist or has no ready pod");
        table[(int)CloseReason.UnknownGateway] = Failed("unknown_gateway", "CONNECT", 503, Cancel, "the gateway of the destination's network does not exist or has no ready pod");
        table[(int)CloseReason.NoHealthyUpstream] = Failed("no_healthy_upstream", "CONNECT", 503, Cancel, "the Service has no ready endpoint for this port: check its pods and its port names");
        table[(int)CloseReason.NoServiceForAddress] = Failed("no_service", "CONNECT", 503, Cancel, "a workload of another network can only be reached through a Service");
        table[(int)CloseReason.NoRoute] = Failed("no_route", "CONNECT", 503, Cancel, "the workload has neither an address nor a network gateway");
        table[(int)CloseReason.NameNotResolved] = Failed("name_not_resolved", "CONNECT", 503, Cancel, "the workload's hostname does not resolve: check the WorkloadEntry or ServiceEntry and the node's DNS");
        table[(int)CloseReason.DiscoveryTimeout] = Failed("discovery_timeout", "CONNECT", 503, Cancel, "the control plane did not say in time what the destination is; it is refused, because it may be one of the mesh");
        table[(int)CloseReason.IpMismatch] = Failed("ip_mismatch", "CONNECT", 400, Cancel, "a peer asked this pod for an address that is not its own and whose waypoint it is not");
        table[(int)CloseReason.BadAuthority] = Failed("bad_authority", "CONNECT", 400, Protocol, "a peer sent a request that is not a CONNECT to host:port");
        table[(int)CloseReason.UnknownHost] = Failed("unknown_host", "CONNECT", 503, Cancel, "no Service has the hostname that the peer asked for");
        table[(int)CloseReason.UnknownPort] = Failed("unknown_port", "CONNECT", 503, Cancel, "the Service exists but does not lead to a port or address of this pod");
        table[(int)CloseReason.PolicyDenied] = Failed("policy_denied", "DENY", 401, Cancel, "an authorization policy refuses this peer; the text names it");
        table[(int)CloseReason.PolicyChanged] = Failed("policy_changed", "DENY", 401, Cancel, "an authorization policy was changed and now refuses this peer");
    }

    private static void Peers(CloseDescription[] table)
    {
        table[(int)CloseReason.ConnectFailed] = Failed("connect_failed", "CONNECT", 503, Connect, "the destination refused the connection or cannot be reached: does the application listen on this port?");
        table[(int)CloseReason.ConnectTimeout] = Failed("connect_timeout", "CONNECT", 503, Connect, "the destination did not answer: a firewall or NetworkPolicy may drop the packets");
        table[(int)CloseReason.HboneConnectTimeout] = Failed("hbone_connect_timeout", "NETWORK_POLICY", 503, Connect, "port 15008 of the destination did not answer: a NetworkPolicy may block it");
        table[(int)CloseReason.EndpointRemoved] = Failed("endpoint_removed", "CONNECT", 503, Cancel, "the pod was deleted before it had answered");
        table[(int)CloseReason.CertificateUnavailable] = Failed("certificate_unavailable", "IDENTITY_ERROR", 503, Cancel, "the certificate authority did not issue this workload's certificate; the text has its answer");
        table[(int)CloseReason.TlsFailure] = Failed("tls_failure", "CONNECT", 503, Cancel, "the TLS handshake failed: do both sides trust the same root?");
        table[(int)CloseReason.PeerIdentityMismatch] = Failed("peer_identity_mismatch", "CONNECT", 503, Cancel, "another workload than expected answered: the address may have been reused, or the view is old");
        table[(int)CloseReason.Http2Failure] = Failed("http2_failure", "H2_HANDSHAKE_FAILURE", 503, Cancel, "the peer's proxy broke off the HTTP/2 session");
        table[(int)CloseReason.Refused] = Failed("refused", "CONNECT", 503, Connect, "the peer's proxy refused: 401 is its policy, 503 its application or its view, 400 the address");
        table[(int)CloseReason.SendFailed] = Failed("send_failed", "CONNECT", 503, Connect, "the receiving side went away in the middle");
        table[(int)CloseReason.ReceiveFailed] = Failed("receive_failed", "CONNECT", 503, Connect, "the sending side went away in the middle");
        table[(int)CloseReason.PeerReset] = Failed("peer_reset", "CONNECT", 503, Connect, "the far application or its proxy reset the connection");
        table[(int)CloseReason.AppReset] = Failed("app_reset", "CONNECT", 503, Connect, "the near application reset its connection");
        table[(int)CloseReason.Revoked] = Failed("revoked", "CERT_REVOKED", 503, Cancel, "the peer's certificate is on the revocation list");
        table[(int)CloseReason.ProtocolError] = Failed("protocol_error", "CONNECT", 400, Protocol, "the peer broke the protocol; the text says how");
        table[(int)CloseReason.AbuseBudgetExceeded] = Failed("abuse", "CONNECT", 503, Calm, "the peer did too many odd things; the text names the last");
        table[(int)CloseReason.KeepAliveTimeout] = Failed("keep_alive_timeout", "CONNECT", 503, Cancel, "the peer stopped answering: its node may be gone");
        table[(int)CloseReason.HandshakeTimeout] = Failed("handshake_timeout", "CONNECT", 503, Cancel, "the peer accepted but did not finish the handshake in time");
    }

    private static void Ends(CloseDescription[] table)
    {
        table[(int)CloseReason.None] = new CloseDescription("open", "-", 200, NoError, false, "");
        table[(int)CloseReason.ClientClosed] = new CloseDescription("client_closed", "-", 200, Cancel, false, "");
        table[(int)CloseReason.Completed] = new CloseDescription("completed", "-", 200, NoError, false, "");

        table[(int)CloseReason.Aborted] = new CloseDescription("aborted", "-", 503, Cancel, true, "the proxy gave the connection up; the text says why");

        // An error line in the log, but not counted as failed (ztunnel.md 3.14).
        table[(int)CloseReason.Drained] = new CloseDescription("drained", "-", 503, RefusedStream, true, "the proxy was stopped before the connection ended; a longer drain period avoids this");
        table[(int)CloseReason.PodRemoved] = new CloseDescription("pod_removed", "-", 503, Cancel, true, "the pod was deleted while the connection was open");
        table[(int)CloseReason.OutOfResources] = Failed("out_of_resources", "CONNECT", 503, RefusedStream, "memory or file descriptors ran out: raise the limits of the proxy");
        table[(int)CloseReason.InternalError] = Failed("internal_error", "CONNECT", 503, Internal, "a defect in the proxy: please report the log lines before this one");
    }

    private static CloseDescription Failed(string code, string flag, int status, uint error, string advice) => new(code, flag, status, error, true, advice);
}
