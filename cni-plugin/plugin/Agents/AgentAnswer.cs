using System.Globalization;
using System.Text;
using Ambient.Cni.Enrolment.Wire;

namespace Ambient.Cni.Plugin.Agents;

/// <summary>What the agent answered. Immutable.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">Body.</param>
internal sealed record AgentAnswer(int Status, byte[] Body)
{
    /// <summary>The body as text, cut to what an operator wants to read.</summary>
    public string Text => Encoding.UTF8.GetString(Body.AsSpan(0, Math.Min(Body.Length, 1024))).Trim();

    /// <summary>
    /// Reads what has come so far. True and an answer when it is complete, true and null when more must come; false, with what is wrong, when nothing that
    /// may still come could make it an answer.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out AgentAnswer? answer, out string? error)
    {
        (answer, error) = (null, null);
        int end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0 ? bytes.Length >= PluginWire.MaxHead : end > PluginWire.MaxHead)
        {
            error = $"its head is longer than {PluginWire.MaxHead} bytes";
            return false;
        }

        if (end < 0)
        {
            return true;
        }

        if (!HttpHead.TryRead(Encoding.Latin1.GetString(bytes[..end]), out string first, out int? length) || length is null)
        {
            error = $"its head is not that of an answer with a length of at most {PluginWire.MaxBody} bytes";
            return false;
        }

        string[] words = first.Split(' ', 3);
        if (words.Length < 2 || !words[0].StartsWith("HTTP/1.", StringComparison.Ordinal) || words[1].Length != 3
            || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int status) || status < 200)
        {
            error = "its first line is not that of an answer";
            return false;
        }

        ReadOnlySpan<byte> body = bytes[(end + 4)..];
        answer = body.Length >= length ? new AgentAnswer(status, body[..length.Value].ToArray()) : null;
        return true;
    }
}
