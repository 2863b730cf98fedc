namespace Ambient.Cni.Enrolment;

/// <summary>Which rule decided.</summary>
public enum EnrolmentReason
{
    /// <summary>The namespace's labels are not known.</summary>
    NamespaceUnknown,

    /// <summary>A pair of selectors matches.</summary>
    Selected,

    /// <summary>No pair of selectors matches.</summary>
    NotSelected,

    /// <summary>The pod lives in the node's network.</summary>
    HostNetwork,

    /// <summary>The pod has a sidecar.</summary>
    Sidecar,

    /// <summary>Its namespace is excluded.</summary>
    ExcludedNamespace,

    /// <summary>It is the node agent's own.</summary>
    AgentPod,

    /// <summary>It is ztunnel's.</summary>
    ZtunnelPod,

    /// <summary>It ended.</summary>
    Finished,
}
