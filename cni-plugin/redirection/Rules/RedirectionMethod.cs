namespace Ambient.Cni.Redirection.Rules;

/// <summary>How a pod's connections come to its proxy.</summary>
public enum RedirectionMethod
{
    /// <summary>Address translation of each new connection, as upstream's node agent does it; every packet passes connection tracking.</summary>
    Translation = 0,

    /// <summary>
    /// Routing and transparent sockets: the application's own routes lead new connections to loopback, where the proxy's transparent
    /// listener takes them under their real destination. No packet of the mesh is tracked or translated; translation remains for DNS and
    /// for a family in which the pod has no address. Connections that ignore routes (a socket bound to an interface) are refused. Needs nftables.
    /// </summary>
    Sockets = 1,
}
