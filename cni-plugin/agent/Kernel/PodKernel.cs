using System.Collections.Concurrent;
using System.Diagnostics;
using Ambient.Cni.Agent.Discovery;
using Ambient.Cni.Agent.Pods;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Verification;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;

namespace Ambient.Cni.Agent.Kernel;

/// <summary>What the book's commands mean in a pod's kernel. Thread-safe for different namespaces; failures are results, never exceptions.</summary>
public sealed class PodKernel(PodKernelOptions options, IPodGuard guard)
{
    /// <summary>How long a look at the rules is good for the proof that follows it: a start with hundreds of pods reads each once.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    /// <summary>Every packet that leaves is compared with each spared connection; of those beyond, the other end must speak first.</summary>
    private const int MostUntracked = 1000;
    private readonly ConcurrentDictionary<NetworkIdentity, IReadOnlyList<Flow>> _spared = new();
    private readonly ConcurrentDictionary<NetworkIdentity, IReadOnlyList<Flow>> _carried = new();
    private readonly ConcurrentDictionary<NetworkIdentity, (PodRules Rules, long At)> _verified = new();

    /// <summary>Reads rules and guard.</summary>
    public Task<StepResult> InspectAsync(NetworkNamespace network, PodRules rules, CancellationToken cancellation) => CatchAsync(async () =>
    {
        RecallSpared(network, rules);
        VerificationReport report = await Redirection(network, rules, SparedIn(network)).VerifyAsync(cancellation);
        bool? known = report.InetTables?.Contains(guard.TableName);
        (bool raised, string? error) = known is { } isThere ? (isThere, null) : await guard.LookAsync(network, cancellation);
        if (error is not null)
        {
            return StepResult.Failed(error);
        }

        if (Unexplained(report) is null)
        {
            _verified[IdentityOf(network)] = (rules, Stopwatch.GetTimestamp());
        }

        return StepResult.Ok with
        {
            Kernel = Unexplained(report) is null ? KernelState.Applied : report.Differences.All(d => d.Kind == DifferenceKind.Missing) ? KernelState.Absent : KernelState.Different,
            Guard = raised ? GuardState.Raised : GuardState.Absent,
            IsHeld = report.InetTables?.Contains(NewcomerHold.Table) ?? NftBatch.HasTable(network, NewcomerHold.Table),
        };
    });

    /// <summary>Makes the rules. A running pod that joins keeps its established connections as they are, where the method can do that.</summary>
    public Task<StepResult> ApplyAsync(NetworkNamespace network, PodRules rules, bool isJoining, CancellationToken cancellation) => CatchAsync(async () =>
    {
        _verified.TryRemove(IdentityOf(network), out _);
        if (isJoining && options.Method == RedirectionMethod.Sockets)
        {
            // What the proxy still carries of the time before the pod left needs no exception.
            IReadOnlyCollection<System.Net.IPAddress> own = InterfaceAddresses.Read(network);
            _spared[IdentityOf(network)] = [.. EstablishedFlows.Read(network).Except(Carried(network)).Where(f => own.Contains(f.Local.Address))];
        }

        _carried.TryRemove(IdentityOf(network), out _);
        if (!isJoining && Redirection(network, rules, []) is var held && held.HoldsRulesThatTrackNothing())
        {
            await ReplaceUntrackedAsync(network, rules, held, cancellation);
            return StepResult.Ok;
        }

        await Redirection(network, rules, SparedIn(network)).ApplyAsync(cancellation);
        return StepResult.Ok;
    });

    /// <summary>Looks whether rules are in force and listeners accept.</summary>
    public Task<StepResult> ProveAsync(NetworkNamespace network, PodRules rules, CancellationToken cancellation) => CatchAsync(async () =>
    {
        RedirectionPorts ports = new();
        if (ListenerTable.Check(network, [ports.Outbound, ports.Inbound, ports.Hbone], rules.DnsCapture ? ports.Dns : null) is { } missing)
        {
            return StepResult.Failed(missing);
        }

        if (_verified.TryRemove(IdentityOf(network), out (PodRules Rules, long At) last) && last.Rules.Equals(rules) && Stopwatch.GetElapsedTime(last.At) < Fresh)
        {
            return StepResult.Ok;
        }

        await ForgetEndedFlowsAsync(network, rules, cancellation);
        VerificationReport report = await Redirection(network, rules, SparedIn(network)).VerifyAsync(cancellation);
        return Unexplained(report) is { } difference ? StepResult.Failed("its rules are not as they should be: " + difference) : StepResult.Ok;
    });

    /// <summary>Raises the guard.</summary>
    public Task<StepResult> RaiseGuardAsync(NetworkNamespace network, CancellationToken cancellation) =>
        CatchAsync(async () => new StepResult(await guard.RaiseAsync(network, cancellation)));

    /// <summary>Lifts the guard.</summary>
    public Task<StepResult> LiftGuardAsync(NetworkNamespace network, CancellationToken cancellation) =>
        CatchAsync(async () => new StepResult(await guard.LiftAsync(network, cancellation)));

    /// <summary>Lets new connections wait for the next proxy.</summary>
    public Task<StepResult> HoldAsync(NetworkNamespace network, PodRules rules, CancellationToken cancellation) => CatchAsync(async () =>
        new StepResult(await NftScripts.LoadAsync(network, NewcomerHold.Render(OptionsOf(rules, [])), cancellation)));

    /// <summary>Lets them wait no longer.</summary>
    public Task<StepResult> EndHoldAsync(NetworkNamespace network) => CatchAsync(() =>
    {
        NewcomerHold.Remove(network);
        return Task.FromResult(StepResult.Ok);
    });

    /// <summary>Removes rules and guard. As long as the proxy carries connections only new ones are let go, and it must be done again.</summary>
    public Task<StepResult> RemoveAsync(NetworkNamespace network, PodRules rules, CancellationToken cancellation) => CatchAsync(async () =>
    {
        NetworkIdentity identity = IdentityOf(network);
        _verified.TryRemove(identity, out _);

        // An agent before us may have left it.
        NewcomerHold.Remove(network);
        if (Carried(network) is { Count: > 0 } carried)
        {
            if (!_carried.TryGetValue(identity, out IReadOnlyList<Flow>? before) || !before.ToHashSet().SetEquals(carried))
            {
                PodRedirection redirection = Redirection(network, rules, []);
                await redirection.EndAsync(carried, cancellation);

                // Those that were made in this moment.
                if (Carried(network).Except(carried).ToArray() is { Length: > 0 } late)
                {
                    carried = [.. carried, .. late];
                    await redirection.EndAsync(carried, cancellation);
                }
            }

            _carried[identity] = carried;
            _spared.TryRemove(identity, out _);
            return new StepResult(await guard.LiftAsync(network, cancellation)) { IsEnding = true };
        }

        _carried.TryRemove(identity, out _);
        await Redirection(network, rules, []).RemoveAsync(cancellation);
        _spared.TryRemove(IdentityOf(network), out _);
        return new StepResult(await guard.LiftAsync(network, cancellation));
    });

    private static async Task<StepResult> CatchAsync(Func<Task<StepResult>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception failure) when (failure is RedirectionException or LinuxException or IOException or ArgumentException or UnauthorizedAccessException)
        {
            return StepResult.Failed(failure.Message);
        }
    }

    /// <summary>Connections of a namespace that were there before it joined and keep their way, as of the last look.</summary>
    public IReadOnlyList<Flow> SparedIn(NetworkIdentity network) => _spared.GetValueOrDefault(network) ?? [];

    /// <summary>Connections that the proxy of a namespace which left the mesh still carries, as of the last look.</summary>
    public IReadOnlyList<Flow> CarriedIn(NetworkIdentity network) => _carried.GetValueOrDefault(network) ?? [];

    /// <summary>Nobody works in the namespace any more.</summary>
    public void Forget(NetworkIdentity network)
    {
        _spared.TryRemove(network, out _);
        _carried.TryRemove(network, out _);
        _verified.TryRemove(network, out _);
    }

    private static IReadOnlyList<Flow> Carried(NetworkNamespace network) => CarriedFlows.Read(network, InterfaceAddresses.Read(network), new RedirectionPorts());

    private static Difference? Unexplained(VerificationReport report) => report.Differences.Count > 0 ? report.Differences[0] : null;

    private static NetworkIdentity IdentityOf(NetworkNamespace network) => new(network.Device, network.Inode);

    private IReadOnlyList<Flow> SparedIn(NetworkNamespace network) => SparedIn(IdentityOf(network));

    /// <summary>What an agent before us spared is read from the kernel: listed and respected as if we had done it.</summary>
    private void RecallSpared(NetworkNamespace network, PodRules rules)
    {
        if (options.Method == RedirectionMethod.Sockets && !_spared.ContainsKey(IdentityOf(network)) && Redirection(network, rules, []).ReadSpared() is { Count: > 0 } spared)
        {
            _spared[IdentityOf(network)] = spared;
        }
    }

    /// <summary>Applications go on speaking where they were connected by an older version's rules, also in the moment in which these are replaced.</summary>
    private async Task ReplaceUntrackedAsync(NetworkNamespace network, PodRules rules, PodRedirection held, CancellationToken cancellation)
    {
        // The second time for those that were made meanwhile.
        for (int round = 0; round < 2; round++)
        {
            IReadOnlyList<Flow> before = SparedIn(network);
            IReadOnlyList<Flow> spared = [.. before.Union(held.ReadDirect()).Take(Math.Max(before.Count, MostUntracked))];
            if (round == 0 || spared.Count > before.Count)
            {
                _spared[IdentityOf(network)] = spared;
                await Redirection(network, rules, spared).ApplyAsync(cancellation);
            }
        }
    }

    /// <summary>A rule for a connection that has ended would spare the next one with the same ends.</summary>
    private async Task ForgetEndedFlowsAsync(NetworkNamespace network, PodRules rules, CancellationToken cancellation)
    {
        IReadOnlyList<Flow> spared = SparedIn(network);
        if (spared.Count == 0)
        {
            return;
        }

        IReadOnlyList<Flow> left = [.. spared.Intersect(EstablishedFlows.Read(network))];
        if (left.Count < spared.Count)
        {
            await Redirection(network, rules, left).ApplyAsync(cancellation);
            _spared[IdentityOf(network)] = left;
        }
    }

    private PodRedirection Redirection(NetworkNamespace network, PodRules rules, IReadOnlyList<Flow> spared)
    {
        RedirectionOptions wanted = OptionsOf(rules, spared);
        return new PodRedirection(network, rules.Mark == 0 ? wanted : wanted.WithSecret(rules.Mark), options.BackEnd);
    }

    private RedirectionOptions OptionsOf(PodRules rules, IReadOnlyList<Flow> spared) => new()
    {
        Method = options.Method,
        PodAddresses = rules.Addresses,
        Spared = spared,
        DnsCapture = rules.DnsCapture,
        IngressMode = rules.Settings.IngressMode,
        VirtualInterfaces = [.. rules.Settings.VirtualInterfaces.Select(n => InterfaceName.TryParse(n, out InterfaceName? name) ? name : throw new ArgumentException("no interface name: " + n))],
        Ipv6 = options.Ipv6,
        ProbeAddress = options.ProbeAddress,
        ProbeAddressV6 = options.ProbeAddressV6,
    };
}
