namespace Ambient.Xds.Server.Sessions;

/// <summary>What one client wants of one type, and how far it has been told. Used under its session's lock.</summary>
internal sealed class TypeSubscription(string typeUrl, bool isWildcard)
{
    internal string TypeUrl => typeUrl;

    /// <summary>All resources, or only those that were asked for; decided by the first request.</summary>
    internal bool IsWildcard => isWildcard;

    /// <summary>Whether the client takes what it needs, once that is said, instead of everything.</summary>
    internal bool MayBeLimited { get; init; }

    /// <summary>What its owner needs instead of everything; null: everything.</summary>
    internal IReadOnlySet<string>? Needs { get; set; }

    /// <summary>Up to which change of the store the client was told; −1: nothing yet.</summary>
    internal long Moment { get; set; } = -1;

    /// <summary>A response is due even when it is empty.</summary>
    internal bool IsAnswerDue { get; set; } = true;

    /// <summary>Everything is wanted again.</summary>
    internal bool IsEverythingDue { get; set; }

    /// <summary>What a reconnecting client still holds; given up with the first response.</summary>
    internal IReadOnlyDictionary<string, string>? Initial { get; set; }

    /// <summary>Names that were asked for since the last response.</summary>
    internal HashSet<string> Asked { get; } = new(StringComparer.Ordinal);

    /// <summary>Names that were given up since the last response.</summary>
    internal HashSet<string> GivenUp { get; } = new(StringComparer.Ordinal);

    /// <summary>Names that an on-demand client has subscribed to, or one that may be limited to its needs. Other wildcard clients store none.</summary>
    internal HashSet<string> Subscribed { get; } = new(StringComparer.Ordinal);

    /// <summary>How many names are remembered for the client: what is asked for is subscribed to, unless nothing is.</summary>
    internal int Names => Math.Max(Asked.Count, Subscribed.Count) + GivenUp.Count;

    /// <summary>Version of each resource that an on-demand client was told, or one that is limited to its needs. Wildcard clients store none.</summary>
    internal Dictionary<string, string> Told { get; } = new(StringComparer.Ordinal);

    /// <summary>The nonce of the last response.</summary>
    internal string LastNonce { get; set; } = "";

    /// <summary>Which change the last response brought the client to, and some of its names, for the log of a refusal.</summary>
    internal (long Moment, IReadOnlyList<string> Names) LastSent { get; set; } = (-1, []);

    /// <summary>The responses that are neither confirmed nor refused.</summary>
    internal UnansweredResponses Unanswered { get; } = new();

    /// <summary>What the client refused of what it was sent.</summary>
    internal RefusedResources Refused { get; } = new();

    /// <summary>The last change that the client confirmed.</summary>
    internal long AckedMoment { get; set; } = -1;

    /// <summary>Why the client refused the last response; null once it accepts one.</summary>
    internal string? Refusal { get; set; }
}
