using System.Globalization;
using System.Net;
using Ambient.Protocol.Istio.Security;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.ControlPlane.Discovery.Policies;

/// <summary>Texts of policies as the wire has them (control-plane reference 4.2). Stateless; foreign text never throws.</summary>
internal static class PolicyText
{
    /// <summary><c>*</c> alone, a leading or trailing one, or exact; null for what could match nobody, such as a star in the middle.</summary>
    internal static StringMatch? Pattern(string text)
    {
        bool isSuffix = text.StartsWith('*');
        string rest = isSuffix ? text[1..] : text.EndsWith('*') ? text[..^1] : text;
        return text.Length == 0 || rest.Contains('*', StringComparison.Ordinal) ? null
            : rest.Length == 0 ? new StringMatch { Presence = new Empty() }
            : isSuffix ? new StringMatch { Suffix = rest }
            : rest.Length < text.Length ? new StringMatch { Prefix = rest }
            : new StringMatch { Exact = text };
    }

    /// <summary><c>namespace/account</c>, or an account of the policy's own namespace; null for what could be nobody.</summary>
    internal static ServiceAccountMatch? Account(string text, string policyNamespace) => text.Split('/') switch
    {
        [{ Length: > 0 } account] when !account.Contains('*', StringComparison.Ordinal) => new ServiceAccountMatch { Namespace = policyNamespace, ServiceAccount = account },
        [{ Length: > 0 } ns, { Length: > 0 } account] when !text.Contains('*', StringComparison.Ordinal) => new ServiceAccountMatch { Namespace = ns, ServiceAccount = account },
        _ => null,
    };

    /// <summary>An address or a block; null when it is neither.</summary>
    internal static Address? Block(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text[..slash], out IPAddress? ip) || (slash < 0 && !IsPlain(text)))
        {
            return null;
        }

        byte[] bytes = ip.GetAddressBytes();
        uint length = (uint)bytes.Length * 8;
        if (slash >= 0 && (!uint.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out uint asked) || asked > length))
        {
            return null;
        }

        return new Address { Address_ = ByteString.CopyFrom(bytes), Length = slash < 0 ? length : uint.Parse(text[(slash + 1)..], CultureInfo.InvariantCulture) };
    }

    /// <summary>A port; null when it is none.</summary>
    internal static uint? Port(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port > 0 ? port : null;

    /// <summary>The framework also reads "1" and "0x7f.1" as addresses; policies mean four parts.</summary>
    private static bool IsPlain(string text) => text.Contains(':', StringComparison.Ordinal) || text.Count(static c => c == '.') == 3;
}
