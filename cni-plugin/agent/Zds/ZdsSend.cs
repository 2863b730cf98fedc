namespace Ambient.Cni.Agent.Zds;

/// <summary>One message that a conversation wants sent, and later waits to have acknowledged. Immutable.</summary>
/// <param name="Sequence">Position among the messages of its connection; acks come in this order.</param>
/// <param name="Kind">What it says.</param>
/// <param name="Pod">The pod as it was when the message was made; null for the end of the snapshot and for pods that are gone.</param>
/// <param name="Uid">The pod; empty for the end of the snapshot.</param>
internal sealed record ZdsSend(long Sequence, ZdsSendKind Kind, string Uid, ZdsPod? Pod);
