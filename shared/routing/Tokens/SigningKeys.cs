using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace Ambient.Routing.Tokens;

/// <summary>The keys of one issuer. Which algorithm a key verifies follows from the key, never from the token alone. Thread-safe.</summary>
internal sealed class SigningKeys
{
    private readonly List<(JsonWebKey Source, SecurityKey Key)> _keys = [];

    // One for each key and algorithm, kept: making one costs more than a verification.
    private readonly ConcurrentDictionary<(SecurityKey Key, string Algorithm), SignatureProvider> _providers = [];

    private SigningKeys()
    {
    }

    /// <summary>No keys: no token is good.</summary>
    public static SigningKeys None { get; } = new();

    /// <summary>Reads a key set; keys of unknown kinds are passed over, a set that cannot be read has none.</summary>
    public static SigningKeys Read(string json, out string? problem)
    {
        problem = null;
        if (json.Length == 0)
        {
            problem = "there are no keys";
            return None;
        }

        SigningKeys keys = new();
        try
        {
            foreach (JsonWebKey source in new JsonWebKeySet(json).Keys)
            {
                if (source.Use is null or "" or "sig" && Knows(source.Kty) && JsonWebKeyConverter.TryConvertToSecurityKey(source, out SecurityKey key))
                {
                    keys._keys.Add((source, key));
                }
            }
        }
        catch (Exception bad) when (bad is ArgumentException or System.Text.Json.JsonException or FormatException or CryptographicException)
        {
            problem = "the key set cannot be read: " + bad.Message;
        }

        if (keys._keys.Count == 0)
        {
            problem ??= "the key set has no key that can be used";
        }

        return keys;
    }

    /// <summary>Whether signatures of a kind of key can be verified.</summary>
    internal static bool Knows(string kind) => kind is "RSA" or "EC" or "oct";

    /// <summary>Whether one of the keys made the signature; <paramref name="hasKey"/> tells whether any came into question.</summary>
    public bool Verify(string algorithm, string keyId, byte[] signed, byte[] signature, out bool hasKey)
    {
        hasKey = false;
        foreach ((JsonWebKey source, SecurityKey key) in _keys)
        {
            bool isNamed = keyId.Length == 0 || string.IsNullOrEmpty(source.Kid) || source.Kid == keyId;
            if (!isNamed || !Fits(source, algorithm))
            {
                continue;
            }

            hasKey = true;
            if (Verify(key, algorithm, signed, signature))
            {
                return true;
            }
        }

        return false;
    }

    // A public RSA key must never serve as the secret of an HMAC: the kind of the key decides.
    private static bool Fits(JsonWebKey key, string algorithm) =>
        (string.IsNullOrEmpty(key.Alg) || key.Alg == algorithm) && (key.Kty switch
        {
            "RSA" => algorithm is "RS256" or "RS384" or "RS512" or "PS256" or "PS384" or "PS512",
            "EC" => (key.Crv, algorithm) is ("P-256", "ES256") or ("P-384", "ES384") or ("P-521", "ES512"),
            "oct" => algorithm is "HS256" or "HS384" or "HS512",
            _ => false,
        });

    private bool Verify(SecurityKey key, string algorithm, byte[] signed, byte[] signature)
    {
        try
        {
            SignatureProvider provider = _providers.GetOrAdd((key, algorithm), static wanted => new CryptoProviderFactory { CacheSignatureProviders = false }.CreateForVerifying(wanted.Key, wanted.Algorithm));
            return provider.Verify(signed, signature);
        }
        catch (Exception bad) when (bad is ArgumentException or CryptographicException or SecurityTokenException or NotSupportedException or InvalidOperationException)
        {
            // A key too short, or a signature of the wrong length: no proof.
            return false;
        }
    }
}
