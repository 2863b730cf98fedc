namespace Ambient.Tls.Records;

/// <summary>The own record layer, on EVP. Loop-affine.</summary>
internal sealed unsafe class EvpRecordLayer : RecordLayer
{
    internal EvpRecordLayer(TrafficState state) => CipherSuite = state.CipherSuite;

    /// <inheritdoc/>
    public override CipherSuite CipherSuite { get; }

    /// <inheritdoc/>
    public override bool HasPendingControl => false;

    /// <inheritdoc/>
    public override int Seal(byte* record, int plaintextLength) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override OpenResult Open(byte* record, int recordLength) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override int PendingControl(byte* buffer, int capacity) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override int CloseNotify(byte* buffer, int capacity) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
