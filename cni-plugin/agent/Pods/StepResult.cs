namespace Ambient.Cni.Agent.Pods;

/// <summary>How a command ended. Immutable.</summary>
/// <param name="Error">Null when it succeeded; else what is wrong and what to do.</param>
public sealed record StepResult(string? Error)
{
    /// <summary>Of a search: the pod's namespace, held open once more until it is released; null when there is none.</summary>
    public NetworkIdentity? Network { get; init; }

    /// <summary>Of a proof: the namespace in which the pod really lives, when it is another one. Not held.</summary>
    public NetworkIdentity? Elsewhere { get; init; }

    /// <summary>Of an inspection: the rules.</summary>
    public KernelState Kernel { get; init; }

    /// <summary>Of an inspection: the guard.</summary>
    public GuardState Guard { get; init; }

    /// <summary>Of an inspection: whether new connections are held.</summary>
    public bool IsHeld { get; init; }

    /// <summary>Of a removal: the proxy still carries connections; they go on, and it has to be done again.</summary>
    public bool IsEnding { get; init; }

    /// <summary>Success.</summary>
    public static StepResult Ok { get; } = new((string?)null);

    /// <summary>Failure.</summary>
    public static StepResult Failed(string error) => new(error);
}
