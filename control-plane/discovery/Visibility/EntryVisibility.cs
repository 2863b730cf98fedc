namespace Ambient.ControlPlane.Discovery.Visibility;

/// <summary>Who may see the hosts of a ServiceEntry (control-plane reference 2.6).</summary>
internal enum EntryVisibility
{
    /// <summary>The whole mesh.</summary>
    Public,

    /// <summary>Its own namespace.</summary>
    Namespace,

    /// <summary>Nobody: it is as if it were not there.</summary>
    None,
}
