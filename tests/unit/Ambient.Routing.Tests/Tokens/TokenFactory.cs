using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace Ambient.Routing.Tests.Tokens;

/// <summary>Makes keys and tokens without the library that reads them.</summary>
internal sealed class TokenFactory : IDisposable
{
    public ECDsa Ec { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public RSA Rsa { get; } = RSA.Create(2048);

    public string KeySet
    {
        get
        {
            ECParameters ec = Ec.ExportParameters(includePrivateParameters: false);
            RSAParameters rsa = Rsa.ExportParameters(includePrivateParameters: false);
            return $$"""
                {"keys":[
                 {"kty":"EC","crv":"P-256","kid":"ec","use":"sig","x":"{{Encode(ec.Q.X!)}}","y":"{{Encode(ec.Q.Y!)}}"},
                 {"kty":"RSA","kid":"rsa","n":"{{Encode(rsa.Modulus!)}}","e":"{{Encode(rsa.Exponent!)}}"},
                 {"kty":"OKP","crv":"Ed448","kid":"odd","x":"AAAA"}]}
                """;
        }
    }

    public string Sign(string payload, string algorithm = "ES256", string? kid = null, string? header = null)
    {
        header ??= $$"""{"alg":"{{algorithm}}"{{(kid is null ? "" : $",\"kid\":\"{kid}\"")}}}""";
        string signed = $"{Encode(Encoding.UTF8.GetBytes(header))}.{Encode(Encoding.UTF8.GetBytes(payload))}";
        byte[] bytes = Encoding.ASCII.GetBytes(signed);
        byte[] signature = algorithm switch
        {
            "RS256" => Rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "PS256" => Rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            "HS256" => HMACSHA256.HashData(Rsa.ExportParameters(includePrivateParameters: false).Modulus!, bytes),
            _ => Ec.SignData(bytes, HashAlgorithmName.SHA256),
        };
        return $"{signed}.{Encode(signature)}";
    }

    public void Dispose()
    {
        Ec.Dispose();
        Rsa.Dispose();
    }

    public static string Encode(byte[] bytes) => Base64UrlEncoder.Encode(bytes);
}
