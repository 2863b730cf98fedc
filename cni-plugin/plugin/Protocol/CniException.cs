namespace Ambient.Cni.Plugin.Protocol;

/// <summary>The operation failed: what the runtime is told.</summary>
internal sealed class CniException(CniErrorCode code, string message, string details = "") : Exception(message)
{
    /// <summary>Number of the error.</summary>
    public CniErrorCode Code => code;

    /// <summary>More than one line may be said here.</summary>
    public string Details => details;
}
