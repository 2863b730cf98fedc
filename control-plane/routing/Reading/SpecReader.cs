using System.Globalization;
using System.Text.Json;
using Ambient.ControlPlane.Routing.Inputs;

namespace Ambient.ControlPlane.Routing.Reading;

/// <summary>
/// Reads one JSON object of a spec. Every field that nobody asked for is named by <see cref="End"/>: what is not supported is never
/// ignored in silence. Not thread-safe.
/// </summary>
internal sealed class SpecReader
{
    private readonly JsonElement _json;
    private readonly HashSet<string> _read = [];

    public SpecReader(RoutingObject source, ProblemList problems)
        : this(source, problems, source.Spec, "spec")
    {
    }

    /// <summary>Reads an object that is not a spec.</summary>
    public SpecReader(RoutingObject source, ProblemList problems, string path)
        : this(source, problems, source.Spec, path)
    {
    }

    /// <summary>Reads something that was made of several objects.</summary>
    public SpecReader(RoutingObject source, ProblemList problems, JsonElement json, string path)
    {
        Source = source;
        Problems = problems;
        _json = json;
        Path = path;
    }

    public RoutingObject Source { get; }

    public ProblemList Problems { get; }

    /// <summary>It as it was written.</summary>
    public JsonElement Json => _json;

    /// <summary>Where it is, for messages.</summary>
    public string Path { get; }

    /// <summary>The names of its fields, for maps.</summary>
    public IEnumerable<string> Keys => _json.ValueKind == JsonValueKind.Object ? _json.EnumerateObject().Select(entry => entry.Name) : [];

    public bool Has(string name) => TryGet(name, out _);

    public string Text(string name)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return "";
        }

        if (value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        }

        Invalid(name, "must be a text");
        return "";
    }

    public bool Flag(string name)
    {
        if (TryGet(name, out JsonElement value) && value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Invalid(name, "must be true or false");
            return false;
        }

        return value.ValueKind == JsonValueKind.True;
    }

    /// <summary>A whole number that is not negative; null when absent. Wrappers of protobuf are plain numbers in JSON.</summary>
    public uint? Number(string name)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetUInt32(out uint number))
        {
            return number;
        }

        Invalid(name, "must be a whole number");
        return null;
    }

    public double? Real(string name)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number))
        {
            return number;
        }

        Invalid(name, "must be a number");
        return null;
    }

    /// <summary>A duration such as <c>1.5s</c>, <c>500ms</c> or <c>1h30m</c>, in milliseconds; null when absent.</summary>
    public ulong? Milliseconds(string name)
    {
        string text = Text(name);
        if (text.Length == 0)
        {
            return null;
        }

        if (DurationText.TryParse(text, out TimeSpan duration))
        {
            return (ulong)duration.TotalMilliseconds;
        }

        Invalid(name, $"'{text}' is no duration such as 500ms, 3s or 1h30m");
        return null;
    }

    /// <summary>A percentage <c>{value: 12.5}</c> in parts per million; null when absent.</summary>
    public uint? Share(string name) => Object(name) is { } percent ? (uint)Math.Clamp((percent.Real("value") ?? 0) * 10_000, 0, 1_000_000) : null;

    public SpecReader? Object(string name)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return new SpecReader(Source, Problems, value, $"{Path}.{name}");
        }

        Invalid(name, "must be an object");
        return null;
    }

    public IReadOnlyList<SpecReader> Objects(string name) =>
        [.. Items(name).Select((item, index) => new SpecReader(Source, Problems, item, string.Create(CultureInfo.InvariantCulture, $"{Path}.{name}[{index}]")))];

    /// <summary>The items of a list as they were written.</summary>
    public IReadOnlyList<JsonElement> Elements(string name) => [.. Items(name)];

    public IReadOnlyList<string> Texts(string name) => [.. Items(name).Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)];

    public IReadOnlyList<uint> Numbers(string name) => [.. Items(name).Where(item => item.ValueKind == JsonValueKind.Number && item.TryGetUInt32(out _)).Select(item => item.GetUInt32())];

    /// <summary>A map of texts.</summary>
    public IReadOnlyDictionary<string, string> Map(string name) => Object(name) is { } map ? map.Keys.ToDictionary(key => key, map.Text) : new Dictionary<string, string>();

    /// <summary>Says that a field is understood, and not supported.</summary>
    public void Unsupported(string name, string instead)
    {
        if (Has(name))
        {
            Problems.Add(Source, RoutingProblem.UnsupportedValue, $"{Path}.{name} is not supported: {instead}");
        }
    }

    /// <summary>Says that a field's value makes no sense.</summary>
    public void Invalid(string name, string what) => Problems.Add(Source, RoutingProblem.Invalid, $"{Path}.{name} {what}");

    /// <summary>Names the fields that nobody read.</summary>
    public void End()
    {
        foreach (string name in Keys.Where(name => !_read.Contains(name)))
        {
            Problems.Add(Source, RoutingProblem.UnsupportedValue, $"{Path}.{name} is not known and has no effect");
        }
    }

    private IEnumerable<JsonElement> Items(string name)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return [];
        }

        if (value.ValueKind == JsonValueKind.Array)
        {
            return value.EnumerateArray();
        }

        Invalid(name, "must be a list");
        return [];
    }

    private bool TryGet(string name, out JsonElement value)
    {
        _read.Add(name);
        value = default;
        return _json.ValueKind == JsonValueKind.Object && _json.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }
}
