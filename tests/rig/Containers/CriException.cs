namespace Ambient.Rig.Containers;

/// <summary>The runtime refused a call.</summary>
public sealed class CriException(string method, string status, string reason) : Exception($"{method} ended with {status}: {reason}")
{
    /// <summary>What the runtime said.</summary>
    public string Reason => reason;
}
