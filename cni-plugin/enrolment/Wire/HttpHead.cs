using System.Globalization;

namespace Ambient.Cni.Enrolment.Wire;

/// <summary>The head of a request or an answer. Pure; foreign text gives false.</summary>
public static class HttpHead
{
    /// <summary>
    /// First line and length of the body (null when none is said). A body in chunks is refused, as are two lengths and one beyond
    /// <see cref="PluginWire.MaxBody"/>. The text is without the empty line.
    /// </summary>
    public static bool TryRead(string head, out string firstLine, out int? length)
    {
        ArgumentNullException.ThrowIfNull(head);
        length = null;
        string[] lines = head.Split("\r\n");
        firstLine = lines[0];
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
            {
                return false;
            }

            string name = line[..colon], value = line[(colon + 1)..].Trim();
            if (name.Equals("transfer-encoding", StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }

            if (name.Equals("content-length", StringComparison.OrdinalIgnoreCase))
            {
                if (length is not null || !int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int said) || said > PluginWire.MaxBody)
                {
                    return false;
                }

                length = said;
            }
        }

        return true;
    }
}
