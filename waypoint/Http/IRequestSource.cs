using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http;

/// <summary>Where one request comes from and its answer goes to, whatever the version. Loop-affine.</summary>
internal interface IRequestSource
{
    /// <summary>As logs call it.</summary>
    string Protocol { get; }

    /// <summary>What routes and policies may look at; this request's own.</summary>
    RequestFacts Facts { get; }

    /// <summary>Fields of an answer of our own, empty; this request's own as well.</summary>
    FieldList Answer { get; }

    /// <summary>Whether the client should be slowed down.</summary>
    bool IsFull { get; }

    /// <summary>The exchange can take more of the request.</summary>
    void ResumeBody();

    /// <summary>Whether an endpoint's consent to the upgrade is one that the client can rely on.</summary>
    bool Believes(FieldList consent);

    /// <summary>Whether the client takes any success for consent to its upgrade, as in HTTP/2 (RFC 8441 section 5).</summary>
    bool IsConsentAnySuccess => false;

    /// <summary>An informational response.</summary>
    void SendInterim(int status, FieldList fields);

    /// <summary>The head of the answer.</summary>
    void SendHead(int status, FieldList fields, BodyFraming framing, string upgrade = "");

    /// <summary>A part of the answer's body.</summary>
    void SendData(ReadOnlySpan<byte> data);

    /// <summary>The answer is whole.</summary>
    void SendEnd(FieldList? trailers);

    /// <summary>The answer cannot be completed: the client must not take it for whole.</summary>
    void Reset(string detail);
}
