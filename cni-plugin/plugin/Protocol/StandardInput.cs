namespace Ambient.Cni.Plugin.Protocol;

/// <summary>What the runtime feeds.</summary>
internal static class StandardInput
{
    /// <summary>More than any list of plugins with its results needs.</summary>
    public const int Longest = 1024 * 1024;

    /// <summary>Reads to the end. Throws <see cref="CniException"/>.</summary>
    public static byte[] Read(Stream input)
    {
        byte[] buffer = new byte[8 * 1024];
        int filled = 0;
        try
        {
            while (input.Read(buffer, filled, buffer.Length - filled) is var read and > 0)
            {
                filled += read;
                if (filled > Longest)
                {
                    throw new CniException(CniErrorCode.Undecodable, $"standard input holds more than {Longest} bytes");
                }

                if (filled == buffer.Length)
                {
                    Array.Resize(ref buffer, buffer.Length * 2);
                }
            }
        }
        catch (IOException broken)
        {
            throw new CniException(CniErrorCode.InputOutput, "standard input cannot be read: " + broken.Message);
        }

        return buffer[..filled];
    }
}
