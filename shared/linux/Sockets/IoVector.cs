using System.Runtime.InteropServices;

namespace Ambient.Linux.Sockets;

/// <summary>struct iovec: a piece of native memory for a vectored read or write. Blittable.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct IoVector
{
    /// <summary>First byte.</summary>
    public nint Address;

    /// <summary>Number of bytes.</summary>
    public nuint Length;

    /// <summary>Describes <paramref name="length"/> bytes at <paramref name="address"/>.</summary>
    public unsafe IoVector(byte* address, int length) => (Address, Length) = ((nint)address, (nuint)length);
}
