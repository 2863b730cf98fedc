using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;

namespace Ambient.Mesh.Names;

/// <summary>An own answer to a question for addresses: always NOERROR and authoritative, also without addresses. Immutable.</summary>
/// <param name="Canonical">The name of a CNAME record that comes first, owned by the name that was asked for; null for none.</param>
/// <param name="Owner">The owner of the address records.</param>
/// <param name="Addresses">The addresses, in random order.</param>
/// <param name="Service">The Service that was found.</param>
public sealed record NameAnswer(string? Canonical, string Owner, IReadOnlyList<IpAddress> Addresses, Service Service);
