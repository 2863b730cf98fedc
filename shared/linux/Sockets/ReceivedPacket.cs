namespace Ambient.Linux.Sockets;

/// <summary>What one receive on a packet socket brought. Descriptors in it are owned by the receiver.</summary>
/// <param name="Length">Bytes in the buffer; 0 means end of stream.</param>
/// <param name="DataCut">The packet was longer than the buffer.</param>
/// <param name="ControlCut">More descriptors came than fit; the kernel has closed the surplus.</param>
/// <param name="Descriptors">Descriptors that came with the packet, in order.</param>
public sealed record ReceivedPacket(int Length, bool DataCut, bool ControlCut, IReadOnlyList<Descriptors.FileDescriptor> Descriptors)
{
    /// <summary>Closes every descriptor that nobody took.</summary>
    public void CloseDescriptors()
    {
        foreach (Descriptors.FileDescriptor descriptor in Descriptors)
        {
            descriptor.Dispose();
        }
    }
}
