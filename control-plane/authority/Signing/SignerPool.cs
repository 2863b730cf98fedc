using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ambient.ControlPlane.Authority.Signing;

/// <summary>The authority's private key, one handle for each thread that signs at a time. Thread-safe. Its text says nothing.</summary>
internal sealed class SignerPool : IDisposable
{
    private readonly ConcurrentBag<Signer> _idle = [];
    private readonly byte[] _pkcs8;
    private readonly bool _isRsa;

    internal SignerPool(AsymmetricAlgorithm key)
    {
        _pkcs8 = key.ExportPkcs8PrivateKey();
        _isRsa = key is RSA;
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_pkcs8);
        while (_idle.TryTake(out Signer? signer))
        {
            signer.Key.Dispose();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => "***";

    /// <summary>Runs something with a signer that nobody else has meanwhile.</summary>
    internal T Use<T>(Func<X509SignatureGenerator, T> use)
    {
        Signer signer = _idle.TryTake(out Signer? idle) ? idle : Make();
        try
        {
            return use(signer.Generator);
        }
        finally
        {
            _idle.Add(signer);
        }
    }

    private Signer Make()
    {
        if (_isRsa)
        {
            var rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(_pkcs8, out _);
            return new Signer(rsa, X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1));
        }

        var curve = ECDsa.Create();
        curve.ImportPkcs8PrivateKey(_pkcs8, out _);
        return new Signer(curve, X509SignatureGenerator.CreateForECDsa(curve));
    }

    private sealed record Signer(AsymmetricAlgorithm Key, X509SignatureGenerator Generator);
}
