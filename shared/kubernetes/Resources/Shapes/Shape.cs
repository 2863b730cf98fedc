using System.Text.Json;

namespace Ambient.Kubernetes.Resources.Shapes;

/// <summary>
/// What a field has to look like. Reading alone overlooks what it does not know, and a null where a list should be; where that could open what was
/// meant to be closed, the shape is checked as well. Immutable.
/// </summary>
internal sealed class Shape
{
    private readonly Func<JsonElement, string, ReadProblem?> _check;

    private Shape(Func<JsonElement, string, ReadProblem?> check) => _check = check;

    /// <summary>Whatever.</summary>
    public static Shape Anything { get; } = new(static (_, _) => null);

    /// <summary>A text, which may be empty.</summary>
    public static Shape Text { get; } = new(static (value, path) => value.ValueKind == JsonValueKind.String ? null : Wrong(path, "a text (put it in quotes)", value));

    /// <summary>A text that says something.</summary>
    public static Shape Word { get; } = new(static (value, path) =>
        Text.Check(value, path) ?? (value.ValueEquals("") ? new ReadProblem(path, "is empty") : null));

    /// <summary>One of some words.</summary>
    public static Shape OneOf(params string[] words) => new((value, path) =>
        Text.Check(value, path) ?? (words.Contains(value.GetString()) ? null : new ReadProblem(path, $"is none of {string.Join(", ", words)}")));

    /// <summary>A list.</summary>
    public static Shape List(Shape item, bool mayBeEmpty = true) => new((value, path) =>
        value.ValueKind != JsonValueKind.Array ? Wrong(path, "a list", value)
        : value.GetArrayLength() == 0 && !mayBeEmpty ? new ReadProblem(path, "is empty")
        : value.EnumerateArray().Select((element, at) => item.Check(element, $"{path}[{at}]")).FirstOrDefault(static problem => problem is not null));

    /// <summary>A mapping with keys of the author's own.</summary>
    public static Shape Map(Func<string, string?> key, Shape item) => new((value, path) =>
        value.ValueKind != JsonValueKind.Object ? Wrong(path, "a mapping", value)
        : value.EnumerateObject().Select(field => key(field.Name) is { } wrong ? new ReadProblem($"{path}.{field.Name}", wrong) : item.Check(field.Value, $"{path}.{field.Name}"))
            .FirstOrDefault(static problem => problem is not null));

    /// <summary>An object with these fields and no others, and at least one of <paramref name="needed"/>, if any are said.</summary>
    public static Shape Object(IReadOnlyDictionary<string, Shape> fields, params string[] needed) => new((value, path) =>
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return Wrong(path, "an object", value);
        }

        bool isThere = needed.Length == 0;
        foreach (JsonProperty field in value.EnumerateObject())
        {
            string at = path.Length == 0 ? field.Name : $"{path}.{field.Name}";
            if (!fields.TryGetValue(field.Name, out Shape? shape))
            {
                return new ReadProblem(at, $"is no known field; there are {string.Join(", ", fields.Keys)}");
            }

            if (shape.Check(field.Value, at) is { } problem)
            {
                return problem;
            }

            isThere |= needed.Contains(field.Name) && !(field.Value.ValueKind == JsonValueKind.Array && field.Value.GetArrayLength() == 0);
        }

        return isThere ? null : new ReadProblem(path, $"says nothing; it needs {string.Join(" or ", needed)}");
    });

    /// <summary>What is wrong; null: nothing.</summary>
    public ReadProblem? Check(JsonElement value, string path) => _check(value, path);

    private static ReadProblem Wrong(string path, string wanted, JsonElement value) => new(path, value.ValueKind == JsonValueKind.Null ? $"is null, not {wanted}" : $"is not {wanted}");
}
