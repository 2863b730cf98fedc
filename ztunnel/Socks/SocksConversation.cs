using System.Text;
using Ambient.Linux.Sockets;

namespace Ambient.Ztunnel.Socks;

/// <summary>
/// The asker's side of RFC 1928, without I/O: says how many bytes it wants next, so that not one byte of the application's own
/// data is taken from the socket. Loop-affine.
/// </summary>
/// <remarks>
/// <code>
/// Greeting  05 n            Methods   n bytes (one of them 0)      ← 05 00
/// Request   05 01 00 type   Length    1 byte, only for a name
/// Target    4, n or 16 bytes, then 2 of the port                   ← 05 code 00 01 00000000 0000
/// </code>
/// </remarks>
internal struct SocksConversation
{
    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte Connect = 1;
    private const byte IPv4 = 1;
    private const byte DomainName = 3;
    private const byte IPv6 = 4;

    private Phase _phase;
    private byte _type;

    public SocksConversation() => Needed = 2;

    private enum Phase
    {
        Greeting,
        Methods,
        Request,
        Length,
        Target,
        Done,
    }

    /// <summary>Bytes that the next step wants; at most 257.</summary>
    public int Needed { get; private set; }

    /// <summary>Whether the target is known.</summary>
    public readonly bool IsComplete => _phase == Phase.Done;

    /// <summary>The target's address, or with a name only its port.</summary>
    public SocketAddress Target { get; private set; }

    /// <summary>The target's name, if it has one.</summary>
    public string? Name { get; private set; }

    /// <summary>Our answer to the greeting: no authentication.</summary>
    public static ReadOnlySpan<byte> MethodSelected => [Version, NoAuthentication];

    /// <summary>A reply with the bound address 0.0.0.0:0.</summary>
    public static byte[] Reply(SocksReply reply) => [Version, (byte)reply, 0, IPv4, 0, 0, 0, 0, 0, 0];

    /// <summary>
    /// Takes exactly <see cref="Needed"/> bytes. False is a violation of the protocol; <paramref name="selectMethod"/> asks for
    /// <see cref="MethodSelected"/> to be sent.
    /// </summary>
    public bool TryTake(ReadOnlySpan<byte> bytes, out bool selectMethod)
    {
        selectMethod = false;
        if (bytes.Length != Needed)
        {
            return false;
        }

        switch (_phase)
        {
            case Phase.Greeting:
                (_phase, Needed) = (Phase.Methods, bytes[1]);
                return bytes[0] == Version && bytes[1] > 0;
            case Phase.Methods:
                (_phase, Needed) = (Phase.Request, 4);
                selectMethod = bytes.Contains(NoAuthentication);
                return selectMethod;
            case Phase.Request:
                return bytes[0] == Version && bytes[1] == Connect && bytes[2] == 0 && TryExpectTarget(bytes[3]);
            case Phase.Length:
                (_phase, Needed) = (Phase.Target, bytes[0] + 2);
                return bytes[0] > 0;
            case Phase.Target:
                (_phase, Needed) = (Phase.Done, 0);
                return TryReadTarget(bytes[..^2], (ushort)((bytes[^2] << 8) | bytes[^1]));
            default:
                return false;
        }
    }

    private bool TryExpectTarget(byte type)
    {
        _type = type;
        (_phase, Needed) = type switch
        {
            IPv4 => (Phase.Target, 4 + 2),
            IPv6 => (Phase.Target, 16 + 2),
            _ => (Phase.Length, 1),
        };
        return type is IPv4 or IPv6 or DomainName;
    }

    private bool TryReadTarget(ReadOnlySpan<byte> target, ushort port)
    {
        if (_type != DomainName)
        {
            Target = SocketAddress.From(target, port);
            return true;
        }

        if (!System.Text.Unicode.Utf8.IsValid(target) || target.Contains((byte)0))
        {
            return false;
        }

        Name = Encoding.UTF8.GetString(target);
        Target = SocketAddress.AnyIPv4.WithPort(port);
        return true;
    }
}
