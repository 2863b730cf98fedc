namespace Ambient.Cni.Plugin.Protocol;

/// <summary>Error codes of the CNI specification 1.1, section 5.</summary>
internal enum CniErrorCode
{
    /// <summary>The version of the configuration is not supported, or does not have the command.</summary>
    IncompatibleVersion = 1,

    /// <summary>The sandbox does not exist (any more).</summary>
    UnknownContainer = 3,

    /// <summary>A variable of the environment is missing or wrong.</summary>
    InvalidEnvironment = 4,

    /// <summary>The kernel or the disk failed.</summary>
    InputOutput = 5,

    /// <summary>Standard input is not what it should be.</summary>
    Undecodable = 6,

    /// <summary>A field of the configuration is wrong.</summary>
    InvalidConfiguration = 7,

    /// <summary>It may go well a little later.</summary>
    TryAgainLater = 11,

    /// <summary>STATUS: an ADD could not be served now.</summary>
    Unavailable = 50,

    /// <summary>Our own: the pod is held by its guard.</summary>
    Guarded = 100,

    /// <summary>A bug of ours.</summary>
    Internal = 999,
}
