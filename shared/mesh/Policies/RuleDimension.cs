namespace Ambient.Mesh.Policies;

/// <summary>What a <see cref="RuleKey"/> is about.</summary>
[Flags]
internal enum RuleDimension
{
    None = 0,
    Account = 1,
    Principal = 2,
    Namespace = 4,
    Source = 8,
    Destination = 16,
    Port = 32,
    PrincipalPrefix = 64,
    PrincipalSuffix = 128,
    NamespacePrefix = 256,
    NamespaceSuffix = 512,
}
