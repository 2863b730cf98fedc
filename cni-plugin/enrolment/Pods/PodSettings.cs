using System.Globalization;

namespace Ambient.Cni.Enrolment.Pods;

/// <summary>What a pod's annotations choose for its redirection (cni-and-redirection.md 1.5). Immutable.</summary>
public sealed record PodSettings
{
    /// <summary>Annotation that overrides the mesh's DNS capture.</summary>
    public const string DnsCaptureAnnotation = "ambient.istio.io/dns-capture";

    /// <summary>Annotation that leaves inbound traffic alone.</summary>
    public const string BypassInboundAnnotation = "ambient.istio.io/bypass-inbound-capture";

    /// <summary>Annotation that names the interfaces of nested guests.</summary>
    public const string VirtualInterfacesAnnotation = "istio.io/reroute-virtual-interfaces";

    /// <summary>Annotation by which a pod asks to be cut off rather than go on without its proxy, whatever the node's setting: <c>strict</c>.</summary>
    public const string WithoutProxyAnnotation = "redirection.ambient/without-proxy";

    private const int MaxInterfaces = 64;

    /// <summary>Nothing chosen.</summary>
    public static PodSettings None { get; } = new();

    /// <summary>Whether DNS queries go to the proxy; null leaves it to the mesh.</summary>
    public bool? DnsCapture { get; init; }

    /// <summary>Ingress mode: inbound connections other than HBONE reach the application untouched.</summary>
    public bool IngressMode { get; init; }

    /// <summary>TCP that arrives on these counts as outbound; legal interface names, with an optional <c>+</c> at the end.</summary>
    public IReadOnlyList<string> VirtualInterfaces { get; init; } = [];

    /// <summary>Whether it is cut off without a proxy; false leaves it to the node's setting.</summary>
    public bool IsStrict { get; init; }

    /// <summary>What could not be understood: annotation and what was taken instead.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Reads the annotations; a wrong value counts as absent and gives a warning.</summary>
    public static PodSettings Read(IReadOnlyDictionary<string, string> annotations)
    {
        ArgumentNullException.ThrowIfNull(annotations);
        List<string> warnings = [];
        bool? dns = ReadBoolean(annotations, DnsCaptureAnnotation, "the mesh's setting", warnings);
        bool? ingress = ReadBoolean(annotations, BypassInboundAnnotation, "false", warnings);
        List<string> interfaces = [];
        if (annotations.TryGetValue(VirtualInterfacesAnnotation, out string? list))
        {
            ReadInterfaces(list, interfaces, warnings);
        }

        bool isStrict = annotations.TryGetValue(WithoutProxyAnnotation, out string? withoutProxy);
        if (isStrict && withoutProxy != "strict")
        {
            warnings.Add($"annotation {WithoutProxyAnnotation} is not strict, the only choice a pod has; strict holds");
        }

        return new PodSettings { IsStrict = isStrict, DnsCapture = dns, IngressMode = ingress ?? false, VirtualInterfaces = interfaces, Warnings = warnings };
    }

    /// <summary>The shortest annotations that give these settings when they are read.</summary>
    public IReadOnlyDictionary<string, string> ToAnnotations()
    {
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal);
        if (DnsCapture is { } dns)
        {
            annotations[DnsCaptureAnnotation] = dns ? "true" : "false";
        }

        if (IngressMode)
        {
            annotations[BypassInboundAnnotation] = "true";
        }

        if (VirtualInterfaces.Count > 0)
        {
            annotations[VirtualInterfacesAnnotation] = string.Join(',', VirtualInterfaces);
        }

        if (IsStrict)
        {
            annotations[WithoutProxyAnnotation] = "strict";
        }

        return annotations;
    }

    private static bool? ReadBoolean(IReadOnlyDictionary<string, string> annotations, string name, string instead, List<string> warnings)
    {
        if (!annotations.TryGetValue(name, out string? text))
        {
            return null;
        }

        switch (text)
        {
            case "1" or "t" or "T" or "true" or "TRUE" or "True":
                return true;
            case "0" or "f" or "F" or "false" or "FALSE" or "False":
                return false;
            default:
                warnings.Add($"annotation {name} is neither true nor false; {instead} holds");
                return null;
        }
    }

    private static void ReadInterfaces(string list, List<string> interfaces, List<string> warnings)
    {
        foreach (string name in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!IsInterfaceName(name))
            {
                warnings.Add(string.Create(CultureInfo.InvariantCulture, $"annotation {VirtualInterfacesAnnotation}: an entry of {name.Length} characters is no interface name (1 to 15 of letters, digits, . - _ @) and is left out"));
            }
            else if (interfaces.Count == MaxInterfaces)
            {
                warnings.Add(string.Create(CultureInfo.InvariantCulture, $"annotation {VirtualInterfacesAnnotation}: more than {MaxInterfaces} names; the rest is left out"));
                return;
            }
            else if (!interfaces.Contains(name))
            {
                interfaces.Add(name);
            }
        }
    }

    private static bool IsInterfaceName(string name)
    {
        ReadOnlySpan<char> plain = name.AsSpan().TrimEnd('+');
        return name.Length - plain.Length <= 1
            && plain.Length is > 0 and <= 15
            && plain is not ("." or "..")
            && plain[0] != '-'
            && !plain.ContainsAnyExcept(Allowed);
    }

    private static readonly System.Buffers.SearchValues<char> Allowed =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@");
}
