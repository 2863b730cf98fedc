namespace Ambient.Mesh.Addresses;

/// <summary>What an address means that is not one host's.</summary>
public enum SpecialAddress
{
    /// <summary>Nothing: it is some host's.</summary>
    None,

    /// <summary>No host, or whoever asks: 0.0.0.0/8 and <c>::</c>.</summary>
    Unspecified,

    /// <summary>Whoever asks.</summary>
    Loopback,

    /// <summary>Somebody on the asker's link, such as its node's metadata service.</summary>
    LinkLocal,

    /// <summary>The metadata service of a cloud, where it has an address like any other.</summary>
    Metadata,

    /// <summary>Many at once: multicast and broadcast.</summary>
    Several,
}
