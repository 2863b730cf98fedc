using System.Globalization;
using System.IO.Compression;

namespace Ambient.Telemetry.Http;

/// <summary>Chooses and applies a content coding (RFC 9110 12.5.3). The framework has no zstd, so that one is never chosen.</summary>
public static class HttpCompression
{
    /// <summary>The coding for an Accept-Encoding value: <c>gzip</c>, <c>br</c>, <c>deflate</c>, or null for none. Higher weight wins, then this order.</summary>
    public static string? Choose(string acceptEncoding)
    {
        string? chosen = null;
        double best = 0;
        foreach (string offered in (string[])["gzip", "br", "deflate"])
        {
            double weight = Weight(acceptEncoding, offered);
            if (weight > best)
            {
                chosen = offered;
                best = weight;
            }
        }

        return chosen;
    }

    /// <summary>Compresses a body with a coding that <see cref="Choose"/> returned.</summary>
    public static byte[] Apply(string coding, ReadOnlySpan<byte> body)
    {
        using MemoryStream compressed = new();
        using (Stream stream = coding switch
        {
            "gzip" => new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
            "br" => new BrotliStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
            _ => throw new ArgumentOutOfRangeException(nameof(coding), coding, "unknown content coding"),
        })
        {
            stream.Write(body);
        }

        return compressed.ToArray();
    }

    private static double Weight(string acceptEncoding, string coding)
    {
        double any = 0;
        foreach (string entry in acceptEncoding.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = entry.Split(';', StringSplitOptions.TrimEntries);
            double weight = 1;
            if (parts.Length > 1 && parts[1].StartsWith("q=", StringComparison.OrdinalIgnoreCase))
            {
                _ = double.TryParse(parts[1].AsSpan(2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out weight);
            }

            if (string.Equals(parts[0], coding, StringComparison.OrdinalIgnoreCase))
            {
                return weight;
            }

            any = parts[0] == "*" ? weight : any;
        }

        return any;
    }
}
