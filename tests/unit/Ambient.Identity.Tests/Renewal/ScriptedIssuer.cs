using System.Collections.Concurrent;
using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Identity.Trust;
using Ambient.Mesh.Identities;

namespace Ambient.Identity.Tests.Renewal;

/// <summary>An issuer whose answers a test gives by hand, one by one, or at once by a function.</summary>
internal sealed class ScriptedIssuer(TimeProvider clock) : ICertificateIssuer
{
    private readonly ConcurrentQueue<Call> _calls = new();

    public TimeSpan Lifetime { get; set; } = TimeSpan.FromSeconds(1000);

    public Func<SpiffeId, string?>? Immediately { get; set; }

    public List<string> Order { get; } = [];

    public int Pending => _calls.Count;

    public Task<WorkloadCertificate> IssueAsync(SpiffeId identity, CancellationToken cancellation)
    {
        lock (Order)
        {
            Order.Add(identity.ServiceAccount);
        }

        if (Immediately is { } answer)
        {
            return answer(identity) is { } error ? Task.FromException<WorkloadCertificate>(new IssueException(error)) : Task.FromResult(Make(identity));
        }

        var call = new Call(identity, new TaskCompletionSource<WorkloadCertificate>());
        _calls.Enqueue(call);
        return call.Result.Task.WaitAsync(cancellation);
    }

    public void AnswerNext(string? error = null)
    {
        Assert.True(_calls.TryDequeue(out Call? call), "no request is in flight");
        if (error is null)
        {
            call.Result.SetResult(Make(call.Identity));
        }
        else
        {
            call.Result.SetException(new IssueException(error));
        }
    }

    public WorkloadCertificate Make(SpiffeId identity) => new()
    {
        Identity = identity,
        LeafDer = default,
        IntermediatesDer = [],
        PrivateKeyPkcs8 = default,
        Trust = new TrustBundle([]),
        NotBefore = clock.GetUtcNow(),
        NotAfter = clock.GetUtcNow() + Lifetime,
    };

    private sealed record Call(SpiffeId Identity, TaskCompletionSource<WorkloadCertificate> Result);
}
