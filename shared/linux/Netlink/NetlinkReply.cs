using System.Buffers.Binary;
using Ambient.Linux.Native;

namespace Ambient.Linux.Netlink;

/// <summary>What the kernel answered to one request: objects, acknowledgements, and the first error. For one thread at a time.</summary>
internal sealed class NetlinkReply
{
    public const int HeaderLength = 16;

    private readonly List<(ushort Type, byte[] Body)> _objects = [];

    /// <summary>Messages that are neither an error nor an end, without their netlink header.</summary>
    public IReadOnlyList<(ushort Type, byte[] Body)> Objects => _objects;

    /// <summary>The first error; None when there was none.</summary>
    public Errno Error { get; private set; }

    /// <summary>Acknowledgements, which are errors with the number 0, and ends of dumps.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>Whether anything was understood wrongly: then nothing that was read may be trusted.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Takes one datagram.</summary>
    public void Add(ReadOnlySpan<byte> datagram)
    {
        while (datagram.Length >= HeaderLength)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(datagram);
            if (length < HeaderLength || length > (uint)datagram.Length)
            {
                IsBroken = true;
                return;
            }

            // The tables changed while they were listed.
            IsBroken |= (BinaryPrimitives.ReadUInt16LittleEndian(datagram[6..]) & Kernel.NLM_F_DUMP_INTR) != 0;
            Take(BinaryPrimitives.ReadUInt16LittleEndian(datagram[4..]), datagram[HeaderLength..(int)length]);
            datagram = datagram[Math.Min(datagram.Length, ((int)length + 3) & ~3)..];
        }

        IsBroken |= !datagram.IsEmpty;
    }

    private void Take(ushort type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case Kernel.NLMSG_ERROR or Kernel.NLMSG_DONE when body.Length >= sizeof(int):
                int code = BinaryPrimitives.ReadInt32LittleEndian(body);
                if (code < 0 && Error == Errno.None)
                {
                    Error = (Errno)(-code);
                }
                else if (code >= 0)
                {
                    Acknowledged++;
                }

                break;
            case Kernel.NLMSG_ERROR or Kernel.NLMSG_DONE:
                IsBroken = true;
                break;
            default:
                _objects.Add((type, body.ToArray()));
                break;
        }
    }
}
