namespace Ambient.Mesh.Policies;

/// <summary>A log line about a policy that doesn't change the verdict. Immutable.</summary>
/// <param name="Message">The message (ztunnel.md 5.3).</param>
/// <param name="Policy">The policy as <c>namespace/name</c>, or its key when it isn't known; empty when the line is about none.</param>
public readonly record struct PolicyNote(string Message, string Policy);
