using Ambient.Identity.Certificates;
using Ambient.Identity.Issuing;
using Ambient.Identity.Renewal;
using Ambient.Identity.Trust;
using Ambient.Mesh.Identities;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using Ambient.Ztunnel.Certificates;

namespace Ambient.Ztunnel.Tests.Certificates;

public sealed class CertificateSourceTests
{
    [Fact]
    public async Task WorkloadsOfThisNode_AreFetchedAhead_AndForgottenWithTheLast()
    {
        var state = new MeshState("n1");
        var issuer = new Issuer();
        await using CertificateSource source = CertificateSource.Of(issuer, new CertificateStoreOptions(), state, TimeProvider.System);

        Apply(state, Workload("1", "n1", "a", TunnelProtocol.Hbone), Workload("2", "n1", "a", TunnelProtocol.Hbone), Workload("3", "n2", "b", TunnelProtocol.Hbone), Workload("4", "n1", "c", TunnelProtocol.None));

        Assert.Equal(["a"], issuer.Asked);
        Remove(state, "1");
        Assert.Equal(1, source.Store.Count);
        Remove(state, "2");
        Assert.Equal(0, source.Store.Count);
    }

    [Fact]
    public async Task DedicatedProxy_NeitherFetchesNorForgets()
    {
        var state = new MeshState("n1");
        var issuer = new Issuer();
        await using CertificateSource source = CertificateSource.Of(issuer, new CertificateStoreOptions(), null, TimeProvider.System);

        Apply(state, Workload("1", "n1", "a", TunnelProtocol.Hbone));

        Assert.Empty(issuer.Asked);
    }

    private static Workload Workload(string uid, string node, string account, TunnelProtocol protocol) => new(new WorkloadSpec
    {
        Uid = uid,
        Name = uid,
        Namespace = "ns",
        TrustDomain = "td",
        ServiceAccount = account,
        Node = node,
        Protocol = protocol,
    });

    private static void Apply(MeshState state, params Workload[] workloads)
    {
        var batch = new MeshBatch();
        batch.Workloads.AddRange(workloads);
        state.Apply(batch);
    }

    private static void Remove(MeshState state, string uid)
    {
        var batch = new MeshBatch();
        batch.RemovedAddresses.Add(uid);
        state.Apply(batch);
    }

    private sealed class Issuer : ICertificateIssuer
    {
        public List<string> Asked { get; } = [];

        public Task<WorkloadCertificate> IssueAsync(SpiffeId identity, CancellationToken cancellation)
        {
            Asked.Add(identity.ServiceAccount);
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            return Task.FromResult(new WorkloadCertificate
            {
                Identity = identity,
                LeafDer = default,
                IntermediatesDer = [],
                PrivateKeyPkcs8 = default,
                Trust = new TrustBundle([]),
                NotBefore = now,
                NotAfter = now.AddDays(1),
            });
        }
    }
}
