namespace Ambient.Cli.Explaining;

/// <summary>What becomes of a connection to one endpoint. Immutable.</summary>
/// <param name="Endpoint">The workload that answers, or what is known instead.</param>
/// <param name="Path">How the connection gets there.</param>
/// <param name="Enforcers">Who decides, in order.</param>
/// <param name="Decision">The answer.</param>
/// <param name="DecidedBy">The policy that decided, with its rule; empty when none did.</param>
/// <param name="Why">The answer in words.</param>
/// <param name="Policies">All policies that apply, whether they match or not.</param>
/// <param name="Notes">What an operator should know besides.</param>
internal sealed record ExplainedPath(
    string Endpoint, string Path, IReadOnlyList<string> Enforcers, Decision Decision, string DecidedBy, string Why, IReadOnlyList<ExplainedPolicy> Policies, IReadOnlyList<string> Notes);
