using Ambient.Routing.Messages;

namespace Ambient.Waypoint.Observation.Logs;

/// <summary>The fields of an answer that formats, filters or tags will ask for when it is over: its own list is gone by then. Loop-affine.</summary>
internal sealed class KeptFields(IReadOnlyList<string> names)
{
    // One field must not make a log line, or the memory behind it, arbitrarily large.
    private const int MaxLength = 1024;

    private readonly string?[] _fields = new string?[names.Count];
    private readonly string?[] _trailers = new string?[names.Count];

    /// <summary>The answer's head.</summary>
    public void TakeFields(FieldList fields) => Take(fields, _fields);

    /// <summary>Its trailers.</summary>
    public void TakeTrailers(FieldList trailers) => Take(trailers, _trailers);

    /// <summary>A field; null when it was not there, or nobody had asked for it.</summary>
    public string? Field(string name) => Find(name, _fields);

    /// <summary>A trailer.</summary>
    public string? Trailer(string name) => Find(name, _trailers);

    private void Take(FieldList from, string?[] to)
    {
        for (int i = 0; i < names.Count; i++)
        {
            to[i] = from.TryGet(names[i], out ReadOnlySpan<char> value) ? value[..Math.Min(value.Length, MaxLength)].ToString() : null;
        }
    }

    private string? Find(string name, string?[] among)
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
            {
                return among[i];
            }
        }

        return null;
    }
}
