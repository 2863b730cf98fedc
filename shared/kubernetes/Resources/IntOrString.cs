using System.Globalization;
using System.Text.Json.Serialization;
using Ambient.Kubernetes.Resources.Json;

namespace Ambient.Kubernetes.Resources;

/// <summary>A number or a name, as ports of services and probes are; or absent. Immutable.</summary>
[JsonConverter(typeof(IntOrStringConverter))]
public readonly record struct IntOrString
{
    /// <summary>A number.</summary>
    public IntOrString(int number) => Number = number;

    /// <summary>A name.</summary>
    public IntOrString(string name) => Name = name;

    /// <summary>The number; null for a name or when absent.</summary>
    public int? Number { get; }

    /// <summary>The name; null for a number or when absent.</summary>
    public string? Name { get; }

    /// <summary>Whether there is neither.</summary>
    public bool IsAbsent => Number is null && Name is null;

    /// <inheritdoc/>
    public override string ToString() => Number?.ToString(CultureInfo.InvariantCulture) ?? Name ?? "";
}
