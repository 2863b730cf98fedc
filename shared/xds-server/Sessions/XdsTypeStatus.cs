namespace Ambient.Xds.Server.Sessions;

/// <summary>How far a client is in one type. Immutable.</summary>
/// <param name="TypeUrl">The type.</param>
/// <param name="IsWildcard">Whether it wants all.</param>
/// <param name="SentSequence">Up to which change of the store it was sent; −1: nothing yet.</param>
/// <param name="AckedSequence">Up to which change it has confirmed.</param>
/// <param name="Held">How many resources an on-demand client holds.</param>
/// <param name="Refusal">Why it refused the last response; null when it did not.</param>
public sealed record XdsTypeStatus(string TypeUrl, bool IsWildcard, long SentSequence, long AckedSequence, int Held, string? Refusal)
{
    /// <summary>The resources that the client holds in an older version or not at all, because it refused them, with what it said; they stay until it was sent them anew and did not refuse.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Refused { get; init; } = [];

    /// <summary>Since when a response is neither confirmed nor refused; null: none is.</summary>
    public DateTimeOffset? AwaitingSince { get; init; }
}
