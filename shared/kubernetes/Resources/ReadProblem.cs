using System.Text.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>Why an object cannot be read. Immutable.</summary>
/// <param name="Path">The field, such as <c>spec.rules[0].from</c>; empty for the object as a whole.</param>
/// <param name="Reason">What is wrong there.</param>
public sealed record ReadProblem(string Path, string Reason)
{
    /// <summary>Begins the name of the AuthorizationPolicy that stands for a PeerAuthentication; no object of an API server is called so.</summary>
    public const string PeerGuardPrefix = "unreadable_peer_authentication_";

    /// <summary>
    /// What stands for the object while no earlier version of it is known; null: nothing, its absence opens nothing. For policies it is one that denies what
    /// the damaged one could have denied.
    /// </summary>
    public Resource? Remains { get; init; }

    /// <summary>What the JSON reader says, without names of our types.</summary>
    public static ReadProblem Of(JsonException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        string path = (exception.Path ?? "").TrimStart('$').TrimStart('.');
        string text = exception.Message;

        // "The JSON value could not be converted to System.Int32. Path: $.a | LineNumber: 0 | BytePositionInLine: 1."
        int rest = text.IndexOf(" Path: ", StringComparison.Ordinal);
        text = rest < 0 ? text : text[..rest];
        const string AsA = " as a ";
        string cause = exception.InnerException?.Message ?? "";
        if (exception.InnerException is InvalidOperationException && cause.IndexOf(AsA, StringComparison.Ordinal) is >= 0 and int found)
        {
            return new ReadProblem(path, "is not " + Wanted(cause[(found + AsA.Length)..].TrimEnd('.')));
        }

        if (exception.InnerException is FormatException)
        {
            return new ReadProblem(path, "is out of range or of another form than it should be");
        }

        const string Unconverted = "The JSON value could not be converted to ";
        int at = text.IndexOf(Unconverted, StringComparison.Ordinal);
        return new ReadProblem(path, at < 0 ? text : "is not " + Wanted(text[(at + Unconverted.Length)..].TrimEnd('.')));
    }

    /// <inheritdoc/>
    public override string ToString() => Path.Length == 0 ? Reason : Path + ": " + Reason;

    private static string Wanted(string type) => type switch
    {
        "number" => "a number",
        "string" or "System.String" => "a text (put it in quotes)",
        "System.Int32" or "System.Int64" or "System.Nullable`1[System.Int32]" or "System.Nullable`1[System.Int64]" => "a whole number in range",
        "boolean" or "System.Boolean" or "System.Nullable`1[System.Boolean]" => "true or false",
        "System.DateTimeOffset" or "System.Nullable`1[System.DateTimeOffset]" => "a time such as 2030-01-02T03:04:05Z",
        _ when type.Contains("IReadOnlyList", StringComparison.Ordinal) => "a list",
        _ when type.Contains("IReadOnlyDictionary", StringComparison.Ordinal) => "a mapping",
        _ => "an object",
    };
}
