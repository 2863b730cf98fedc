using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Http;

/// <summary>Status and fields of a response. Reused; not thread-safe.</summary>
internal sealed class ResponseHead
{
    /// <summary>The status.</summary>
    public int Status { get; set; }

    /// <summary>The fields.</summary>
    public FieldList Fields { get; } = new();

    /// <summary>Makes it ready for the next response.</summary>
    public void Clear()
    {
        Status = 0;
        Fields.Clear();
    }
}
