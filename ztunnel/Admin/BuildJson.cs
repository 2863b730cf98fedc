using System.Runtime.InteropServices;
using System.Text.Json;

namespace Ambient.Ztunnel.Admin;

/// <summary>The <c>version</c> member of <c>config_dump</c>. The names are the tools'; what does not exist here says what stands in its place. Pure.</summary>
internal static class BuildJson
{
    public static void Write(Utf8JsonWriter json, string meshVersion)
    {
        string version = typeof(BuildJson).Assembly.GetName().Version?.ToString(3) ?? "unknown";
        json.WriteStartObject("version"u8);
#if DEBUG
        json.WriteString("buildProfile"u8, "debug"u8);
#else
        json.WriteString("buildProfile"u8, "release"u8);
#endif
        json.WriteString("buildStatus"u8, "ambient"u8);
        json.WriteString("cryptoProvider"u8, "openssl"u8);
        json.WriteString("gitRevision"u8, "unknown"u8);
        json.WriteString("istioVersion"u8, meshVersion);
        json.WriteString("rustVersion"u8, RuntimeInformation.FrameworkDescription);
        json.WriteString("version"u8, version);
        json.WriteEndObject();
    }
}
