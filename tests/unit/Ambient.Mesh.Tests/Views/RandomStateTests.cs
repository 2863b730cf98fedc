using Ambient.Mesh.Addresses;
using Ambient.Mesh.Services;
using Ambient.Mesh.Views;
using Ambient.Mesh.Workloads;
using static Ambient.Mesh.Tests.TestMesh;

namespace Ambient.Mesh.Tests.Views;

public class RandomStateTests
{
    /// <summary>However a state was reached, it equals the one that is made of the same things in one batch.</summary>
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void RandomBatches_GiveTheStateOfTheirSum(int seed)
    {
        Random random = new(seed);
        TestMesh mesh = new();
        Dictionary<string, WorkloadSpec> workloads = [];
        Dictionary<string, ServiceSpec> services = [];
        for (int round = 0; round < 150; round++)
        {
            MeshBatch batch = new();
            for (int i = random.Next(6); i > 0; i--)
            {
                switch (random.Next(4))
                {
                    case 0:
                        string name = random.Next(2) == 0 ? $"x//Pod/ns/w{random.Next(30)}" : $"ns/s{random.Next(6)}.com";
                        _ = workloads.Remove(name) | services.Remove(name);
                        _ = batch.Workloads.RemoveAll(w => w.Uid == name) + batch.Services.RemoveAll(s => s.Key.ToString() == name);
                        batch.RemovedAddresses.Add(name);
                        break;
                    case 1:
                        ServiceSpec service = RandomService(random);
                        services[$"ns/{service.Hostname}"] = service;
                        batch.Services.Add(new Service(service));
                        break;
                    default:
                        WorkloadSpec workload = RandomWorkload(random);
                        workloads[workload.Uid] = workload;
                        batch.Workloads.Add(new Workload(workload));
                        break;
                }
            }

            mesh.State.Apply(batch);
            AssertSame(mesh.View, workloads.Values, services.Values, $"seed {seed}, round {round}");
        }
    }

    private static void AssertSame(MeshView view, IReadOnlyCollection<WorkloadSpec> workloads, IReadOnlyCollection<ServiceSpec> services, string where)
    {
        Assert.True(view.WorkloadCount == workloads.Count && view.ServiceCount == services.Count, where);
        foreach (ServiceSpec spec in services)
        {
            string[] expected = [.. workloads.Where(w => w.Services.Exists(m => m.Service.Hostname == spec.Hostname)
                && (w.Status == WorkloadStatus.Healthy || spec.LoadBalancing is not null)).Select(w => w.Uid).Order(StringComparer.Ordinal)];
            Service service = view.FindServiceByHost("ns", spec.Hostname)!;
            string[] actual = [.. service.Endpoints.Select(e => e.WorkloadUid).Order(StringComparer.Ordinal)];
            Assert.True(expected.SequenceEqual(actual), $"{where}: {spec.Hostname} [{string.Join(' ', expected)}] [{string.Join(' ', actual)}]");
        }

        for (int i = 0; i < 8; i++)
        {
            NetworkAddress address = Address($"10.0.0.{i}");
            Service? found = view.FindService(address, "ns");
            Assert.True((found is not null) == services.Any(s => s.Vips.Contains(address)), where);
            Assert.True(found is null || ReferenceEquals(found, view.FindServiceByHost("ns", found.Hostname)), $"{where}: stale copy");
            Workload? workload = view.FindWorkload(address);
            Assert.True((workload is not null) == workloads.Any(w => w.Addresses.Contains(address.Address)), where);
            Assert.True(workload is null || ReferenceEquals(workload, view.FindWorkloadByUid(workload.Uid)), where);
        }

        string[] staged = [.. workloads.SelectMany(w => w.Services).Select(m => m.Service.ToString()).Distinct().Where(key => services.All(s => $"ns/{s.Hostname}" != key)).Order(StringComparer.Ordinal)];
        Assert.True(staged.SequenceEqual(view.StagedEndpoints.Select(s => s.Service.ToString())), where);
    }

    private static WorkloadSpec RandomWorkload(Random random)
    {
        int number = random.Next(30);
        WorkloadSpec spec = new() { Name = $"w{number}", Uid = $"x//Pod/ns/w{number}", Namespace = "ns", Status = (WorkloadStatus)random.Next(2) };
        for (int i = random.Next(3); i > 0; i--)
        {
            spec.Addresses.Add(IpAddress.Parse($"10.0.0.{random.Next(8)}"));
        }

        for (int i = random.Next(3); i > 0; i--)
        {
            Join(spec, $"s{random.Next(6)}.com");
        }

        return spec;
    }

    private static ServiceSpec RandomService(Random random)
    {
        ServiceSpec spec = new() { Hostname = $"s{random.Next(6)}.com", Namespace = "ns" };
        for (int i = random.Next(3); i > 0; i--)
        {
            spec.Vips.Add(Address($"10.0.0.{random.Next(8)}"));
        }

        spec.LoadBalancing = random.Next(2) == 0 ? null : new LoadBalancing([], LoadBalancingMode.Standard, HealthPolicy.AllowAll);
        return spec;
    }
}
