using Ambient.Mesh.Connections;

namespace Ambient.Waypoint.Pipes;

/// <summary>Who reads from a pipe and is told of its life. Loop-affine.</summary>
internal interface IPipeOwner
{
    /// <summary>The other side can be written to.</summary>
    void OnOpened();

    /// <summary>Bytes are here; returns how many were taken. What is left comes again after <see cref="Pipe.ResumeInput"/>.</summary>
    int OnInput(ReadOnlySpan<byte> bytes);

    /// <summary>The other side will send no more.</summary>
    void OnInputEnded();

    /// <summary>There is room for output again.</summary>
    void OnOutputDrained();

    /// <summary>The pipe is gone. Called exactly once; nothing else is called afterwards.</summary>
    void OnClosed(CloseReason reason, string? detail);
}
