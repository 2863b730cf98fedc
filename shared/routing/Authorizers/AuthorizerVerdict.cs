using Ambient.Routing.Messages;

namespace Ambient.Routing.Authorizers;

/// <summary>What an external authoriser said about a request. Immutable once it is made.</summary>
public sealed class AuthorizerVerdict
{
    /// <summary>Whether the request goes on.</summary>
    public required bool IsAllowed { get; init; }

    /// <summary>Whether nobody said anything, and this follows from the settings.</summary>
    public bool IsError { get; init; }

    /// <summary>The status for the client of a denied request.</summary>
    public int Status { get; init; }

    /// <summary>The body for the client of a denied request.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Fields for the endpoint; they replace those of the request.</summary>
    public FieldList Upstream { get; } = new();

    /// <summary>Fields for the endpoint that are added to those of the request.</summary>
    public FieldList UpstreamAdded { get; } = new();

    /// <summary>Names of fields that the endpoint does not get.</summary>
    public List<string> Removed { get; } = [];

    /// <summary>Fields for the client.</summary>
    public FieldList Client { get; } = new();

    /// <summary>Edits the request of somebody who may pass.</summary>
    public void Apply(FieldList fields)
    {
        foreach (string name in Removed)
        {
            fields.Remove(name);
        }

        for (int i = 0; i < Upstream.Count; i++)
        {
            fields.Set(Upstream.Name(i), Upstream.Value(i));
        }

        for (int i = 0; i < UpstreamAdded.Count; i++)
        {
            fields.Add(UpstreamAdded.Name(i), UpstreamAdded.Value(i));
        }
    }
}
