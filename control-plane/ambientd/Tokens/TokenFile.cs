using System.Security.Cryptography;
using System.Text;
using Ambient.ControlPlane.Authority.Callers;

namespace Ambient.ControlPlane.Tokens;

/// <summary>
/// Judges tokens by a file with lines <c>token,namespace,account,pod,uid</c>, where a sandbox has no API server. Read for each review, so that
/// pods come and go. Thread-safe. Tokens are compared by hash and are never told.
/// </summary>
internal sealed class TokenFile(string path, string cluster) : ITokenReviewer
{
    public IReadOnlyList<string> Clusters => [cluster];

    public ValueTask<TokenReview> ReviewAsync(string cluster, string token, CancellationToken cancellation)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return ValueTask.FromResult(new TokenReview { Error = $"the file of tokens cannot be read: {unreadable.Message}" });
        }

        byte[] asked = Hash(token);
        foreach (string line in lines)
        {
            string[] parts = line.Split(',');
            if (parts is [{ Length: > 0 } known, { Length: > 0 } ns, { Length: > 0 } account, { Length: > 0 } pod, { Length: > 0 } uid] && CryptographicOperations.FixedTimeEquals(asked, Hash(known)))
            {
                return ValueTask.FromResult(new TokenReview
                {
                    IsAuthenticated = true,
                    Username = $"system:serviceaccount:{ns}:{account}",
                    Groups = ["system:serviceaccounts"],
                    Pod = new PodBinding(pod, uid),
                });
            }
        }

        return ValueTask.FromResult(new TokenReview());
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
