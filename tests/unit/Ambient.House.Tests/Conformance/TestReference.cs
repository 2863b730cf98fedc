namespace Ambient.House.Tests.Conformance;

/// <summary>A test that carries a behaviour number.</summary>
internal sealed record TestReference(string Type, string Method, string File) : IComparable<TestReference>
{
    public int CompareTo(TestReference? other) => string.CompareOrdinal(ToString(), other?.ToString());

    public override string ToString() => $"{File} {Type}.{Method}";
}
