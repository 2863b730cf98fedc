using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ambient.Linux;

/// <summary>What a system call returned: its value, or the error number. Immutable.</summary>
public readonly struct SysResult : IEquatable<SysResult>
{
    /// <summary>The value, or −errno.</summary>
    private readonly nint _raw;

    private SysResult(nint raw) => _raw = raw;

    /// <summary>Whether the call failed.</summary>
    public bool IsError => _raw < 0;

    /// <summary>The value of a call that succeeded; 0 after a failure.</summary>
    public nint Value => _raw < 0 ? 0 : _raw;

    /// <summary>The error of a call that failed, else <see cref="Errno.None"/>.</summary>
    public Errno Errno => _raw < 0 ? (Errno)(int)-_raw : Errno.None;

    /// <summary>A result that succeeded.</summary>
    public static SysResult Success(nint value) => new(value);

    /// <summary>A result that failed.</summary>
    public static SysResult Failure(Errno errno) => new(-(nint)(int)errno);

    /// <summary>Whether the call failed with this error.</summary>
    public bool Is(Errno errno) => _raw == -(nint)(int)errno && errno != Errno.None;

    /// <summary>The value, or a <see cref="LinuxException"/> that names the call and what it was applied to.</summary>
    public nint OrThrow(string call, string target) => IsError ? throw new LinuxException(call, target, Errno) : _raw;

    /// <inheritdoc/>
    public bool Equals(SysResult other) => _raw == other._raw;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SysResult other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _raw.GetHashCode();

    /// <summary>The value, or the name of the error and its meaning.</summary>
    public override string ToString() => IsError ? $"{Errno} ({ErrnoMeaning.Describe(Errno)})" : _raw.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Equal value or equal error.</summary>
    public static bool operator ==(SysResult left, SysResult right) => left.Equals(right);

    /// <summary>Different value or error.</summary>
    public static bool operator !=(SysResult left, SysResult right) => !left.Equals(right);

    /// <summary>Takes the return value of an import; reads the error number saved by it, so nothing may come in between.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static SysResult From(nint returned) => returned >= 0 ? new SysResult(returned) : LastFailure();

    private static SysResult LastFailure()
    {
        int errno = Marshal.GetLastPInvokeError();
        return new SysResult(errno > 0 ? -errno : -(nint)(int)Errno.EIO);
    }
}
