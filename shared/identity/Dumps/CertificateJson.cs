using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Ambient.Identity.Renewal;

namespace Ambient.Identity.Dumps;

/// <summary>Certificates as <c>config_dump</c> writes them: chains and roots, never keys (ztunnel.md 10.7). Pure.</summary>
public static class CertificateJson
{
    /// <summary>One identity's certificate, or why there is none.</summary>
    public static void Write(Utf8JsonWriter json, CertificateStatus status)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(status);
        json.WriteStartObject();
        json.WriteStartArray("certChain"u8);
        if (status.Certificate is { } certificate)
        {
            Write(json, certificate.LeafDer);
            Write(json, certificate.IntermediatesDer);
        }

        json.WriteEndArray();
        json.WriteString("identity"u8, status.Identity.ToString());
        json.WriteStartArray("rootCerts"u8);
        Write(json, status.Certificate?.Trust.RootsDer ?? []);
        json.WriteEndArray();
        json.WriteString("state"u8, status.State == CertificateState.Unavailable ? $"Unavailable: {status.Error}" : status.State.ToString());
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<ReadOnlyMemory<byte>> certificates)
    {
        foreach (ReadOnlyMemory<byte> der in certificates)
        {
            Write(json, der);
        }
    }

    private static void Write(Utf8JsonWriter json, ReadOnlyMemory<byte> der)
    {
        json.WriteStartObject();
        try
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der.Span);
            json.WriteString("expirationTime"u8, Time(certificate.NotAfter));
            Pem(json, der);
            json.WriteString("serialNumber"u8, new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture));
            json.WriteString("validFrom"u8, Time(certificate.NotBefore));
        }
        catch (CryptographicException)
        {
            Pem(json, der);
        }

        json.WriteEndObject();
    }

    private static void Pem(Utf8JsonWriter json, ReadOnlyMemory<byte> der)
        => json.WriteString("pem"u8, Convert.ToBase64String(Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE", der.Span) + "\n")));

    private static string Time(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
