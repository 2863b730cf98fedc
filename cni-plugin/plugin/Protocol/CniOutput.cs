using System.Buffers;
using System.Text.Json;

namespace Ambient.Cni.Plugin.Protocol;

/// <summary>What goes to standard output. Pure.</summary>
internal static class CniOutput
{
    private const int LongestDetails = 4096;

    /// <summary>An error object.</summary>
    public static byte[] Error(CniException failure, string version) => Write(writer =>
    {
        writer.WriteString("cniVersion", version);
        writer.WriteNumber("code", (int)failure.Code);
        writer.WriteString("msg", Printable(failure.Message));
        if (failure.Details.Length > 0)
        {
            writer.WriteString("details", Printable(failure.Details));
        }
    });

    /// <summary>The answer to VERSION.</summary>
    public static byte[] Versions(string version) => Write(writer =>
    {
        writer.WriteString("cniVersion", version);
        writer.WriteStartArray("supportedVersions");
        foreach (string supported in CniVersions.Supported)
        {
            writer.WriteStringValue(supported);
        }

        writer.WriteEndArray();
    });

    /// <summary>A result that says nothing but its version.</summary>
    public static byte[] Empty(string version) => Write(writer => writer.WriteString("cniVersion", version));

    /// <summary>Foreign text, cut to a length that an event of the kubelet can show; halves of surrogate pairs are no text.</summary>
    public static string Printable(string text)
    {
        string cut = text.Length <= LongestDetails ? text : text[..LongestDetails] + "…";
        return string.Create(cut.Length, cut, static (to, from) =>
        {
            for (int i = 0; i < to.Length; i++)
            {
                to[i] = char.IsSurrogate(from[i]) || (char.IsControl(from[i]) && from[i] != '\n') ? '?' : from[i];
            }
        });
    }

    private static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            fields(writer);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
