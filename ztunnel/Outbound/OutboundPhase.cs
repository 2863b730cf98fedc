namespace Ambient.Ztunnel.Outbound;

/// <summary>Where an outbound connection stands.</summary>
internal enum OutboundPhase : byte
{
    /// <summary>The pod's workload is not in the view yet.</summary>
    WaitingForWorkload,

    /// <summary>The control plane was asked what the destination is (on-demand mode).</summary>
    Asking,

    /// <summary>The destination's hostname is being resolved.</summary>
    Resolving,

    /// <summary>Our certificate is being fetched.</summary>
    WaitingForCertificate,

    /// <summary>A tunnel was asked for.</summary>
    Tunnelling,

    /// <summary>Plain TCP: the connect is under way.</summary>
    Connecting,

    /// <summary>Bytes flow.</summary>
    Relaying,

    /// <summary>Over.</summary>
    Ended,
}
