using System.Text;

namespace Ambient.Linux.Native;

/// <summary>Strings as C wants them.</summary>
internal static class NativeText
{
    /// <summary>UTF-8 with a final NUL; a NUL inside is refused because C would silently cut the text there.</summary>
    public static byte[] ZeroTerminated(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("The text contains a NUL character.", nameof(text));
        }

        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}
