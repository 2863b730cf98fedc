namespace Ambient.Cni.Agent.Pods;

/// <summary>The answer to a <see cref="SandboxRequest"/>. Immutable.</summary>
/// <param name="Verdict">What became of it.</param>
/// <param name="Text">For people; names the stage that was reached when it failed.</param>
public sealed record SandboxAnswer(SandboxVerdict Verdict, string Text);
