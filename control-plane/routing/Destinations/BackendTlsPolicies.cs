using Ambient.ControlPlane.Routing.Inputs;
using Ambient.ControlPlane.Routing.Reading;
using Ambient.Kubernetes.Resources;
using Ambient.Protocol.L7;
using Google.Protobuf;

namespace Ambient.ControlPlane.Routing.Destinations;

/// <summary>
/// BackendTLSPolicies for one service (control-plane reference 8.5). Where a rule of the service says something about TLS itself, that holds; a policy that cannot be honoured
/// blocks traffic.
/// </summary>
internal sealed class BackendTlsPolicies(WaypointScope scope, ProblemList problems)
{
    public const string Kind = "BackendTLSPolicy";

    /// <summary>A reference leads to nothing that is a certificate.</summary>
    public const string InvalidReference = "InvalidCACertificateRef";

    private const string TargetNotFound = "TargetNotFound";
    private const string Conflicted = "Conflicted";

    /// <summary>TLS by port; port 0 is every port without an own entry.</summary>
    public IReadOnlyDictionary<uint, UpstreamTls> For(RoutedService service)
    {
        Dictionary<uint, UpstreamTls> found = [];
        Dictionary<uint, RoutingObject> winners = [];
        foreach (RoutingObject policy in scope.Of(Kind).Where(policy => policy.Namespace == service.Namespace))
        {
            SpecReader spec = new(policy, problems);
            foreach (SpecReader target in spec.Objects("targetRefs").Where(target => IsAbout(target, service)))
            {
                string section = target.Text("sectionName");
                RoutedPort? port = service.Ports.FirstOrDefault(port => port.Name == section);
                target.End();
                if (section.Length > 0 && port is null)
                {
                    problems.Add(policy, TargetNotFound, $"{target.Path}.sectionName: {service.Hostname} has no port of the name {section}");
                    continue;
                }

                uint number = port?.Number ?? 0;
                if (!winners.TryAdd(number, policy))
                {
                    Conflict(policy, winners[number], target);
                    continue;
                }

                found[number] = Read(policy);
            }
        }

        return found;
    }

    /// <summary>What one policy says, whatever it is about.</summary>
    public UpstreamTls Check(RoutingObject policy) => Read(policy);

    private static bool IsAbout(SpecReader target, RoutedService service) => target.Text("name") == service.Name && (target.Text("group"), target.Text("kind")) switch
    {
        ("" or "core", "Service") => !service.IsEntry,
        ("networking.istio.io", "ServiceEntry") => service.IsEntry,
        _ => false,
    };

    private void Conflict(RoutingObject policy, RoutingObject winner, SpecReader target)
    {
        if (winner != policy)
        {
            problems.Add(policy, Conflicted, $"{target.Path}: the older policy {winner.Name} is about the same target, and in force");
        }
    }

    private UpstreamTls Read(RoutingObject policy)
    {
        SpecReader spec = new(policy, problems);
        _ = spec.Has("targetRefs");
        UpstreamTls result = new();
        if (spec.Has("options"))
        {
            spec.Unsupported("options", "they have no effect");
        }

        if (spec.Object("validation") is not { } validation)
        {
            return Break(spec, result, "validation", "is required");
        }

        result.Sni = validation.Text("hostname");
        if (result.Sni.Length == 0 || result.Sni.Contains('*', StringComparison.Ordinal))
        {
            Break(validation, result, "hostname", "must be a host name");
        }

        Names(validation, result);
        Authorities(policy, validation, result);
        validation.End();
        spec.End();
        return result;
    }

    // If there are any, the host name is not for authentication (Gateway API, SubjectAltNames).
    private static void Names(SpecReader validation, UpstreamTls result)
    {
        foreach (SpecReader name in validation.Objects("subjectAltNames"))
        {
            string value = name.Text("type") switch { "Hostname" => name.Text("hostname"), "URI" => name.Text("uri"), _ => "" };
            if (value.Length == 0)
            {
                Break(name, result, "type", "must be Hostname with a hostname, or URI with a uri");
            }

            result.SubjectAltNames.Add(value);
            _ = (name.Has("hostname"), name.Has("uri"));
            name.End();
        }

        if (validation.Has("subjectAltNames") && result.SubjectAltNames.Count == 0 && validation.Objects("subjectAltNames").Count > 0)
        {
            Break(validation, result, "subjectAltNames", "has no name");
        }
    }

    private void Authorities(RoutingObject policy, SpecReader validation, UpstreamTls result)
    {
        string known = validation.Text("wellKnownCACertificates");
        IReadOnlyList<SpecReader> references = validation.Objects("caCertificateRefs");
        if (known.Length > 0 || references.Count == 0)
        {
            if (known != "System" || references.Count > 0)
            {
                Break(validation, result, known.Length > 0 && references.Count == 0 ? "wellKnownCACertificates" : "caCertificateRefs", "there must be either references to certificates or wellKnownCACertificates: System");
            }

            return;
        }

        List<byte> bundle = [];
        string? why = null;
        bool isPending = false;
        foreach (SpecReader reference in references)
        {
            byte[]? certificates = Certificates(policy, reference, ref why, ref isPending);
            if (certificates is not null)
            {
                bundle.AddRange(certificates);
                bundle.Add((byte)'\n');
            }
        }

        if (isPending)
        {
            TlsPolicies.Wait(result, $"{Kind} {policy.Namespace}/{policy.Name}: {why}");
            return;
        }

        if (bundle.Count == 0)
        {
            result.Broken = result.Broken.Length > 0 ? result.Broken : $"{Kind} {policy.Namespace}/{policy.Name}: {why}";
            return;
        }

        result.Authorities = ByteString.CopyFrom([.. bundle]);
    }

    private byte[]? Certificates(RoutingObject policy, SpecReader reference, ref string? why, ref bool isPending)
    {
        string name = reference.Text("name");
        (string group, string kind) = (reference.Text("group"), reference.Text("kind"));
        reference.End();
        if (group is not ("" or "core") || kind != "ConfigMap" || name.Length == 0)
        {
            why = $"{reference.Path}: {kind} of group \"{group}\" cannot hold certificates, only a ConfigMap can";
            problems.Add(policy, RoutingProblem.InvalidKind, why + "; nothing is sent, requests are answered 503");
            return null;
        }

        Referenced map = scope.References(new ReferenceKey(IsSecret: false, new ResourceKey(policy.Namespace, name)));
        byte[]? pem = map.Data is null ? null : map.Data.TryGetValue("ca.crt", out byte[]? value) ? value : map.Data.GetValueOrDefault("cacert");
        if (pem is not null && TlsPolicies.AreCertificates(pem))
        {
            return pem;
        }

        if (!map.IsKnown)
        {
            (why, isPending) = ($"the ConfigMap {policy.Namespace}/{name} is being read", true);
            return null;
        }

        why = map.Refusal is { } refusal ? $"{reference.Path}: the ConfigMap {policy.Namespace}/{name} {refusal}"
            : map.Data is null ? $"{reference.Path}: there is no ConfigMap {policy.Namespace}/{name}"
            : $"{reference.Path}: the ConfigMap {policy.Namespace}/{name} needs PEM of certificates under ca.crt";
        problems.Add(policy, InvalidReference, why + "; nothing is sent, requests are answered 503");
        return null;
    }

    private static UpstreamTls Break(SpecReader where, UpstreamTls result, string field, string why)
    {
        result.Broken = result.Broken.Length > 0 ? result.Broken : $"{where.Path}.{field} {why}";
        where.Invalid(field, $"{why}; nothing is sent, requests are answered 503");
        return result;
    }
}
