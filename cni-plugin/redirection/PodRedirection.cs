using Ambient.Cni.Redirection.Frames;
using Ambient.Cni.Redirection.Iptables;
using Ambient.Cni.Redirection.Nftables;
using Ambient.Cni.Redirection.Routing;
using Ambient.Cni.Redirection.Rules;
using Ambient.Cni.Redirection.Tools;
using Ambient.Cni.Redirection.Verification;
using Ambient.Linux;
using Ambient.Linux.Namespaces;
using Ambient.Linux.Netfilter;
using Ambient.Linux.Sockets;

namespace Ambient.Cni.Redirection;

/// <summary>
/// Redirection of one pod: applies the rules of a set of options in a network namespace, compares the kernel with them, removes
/// them. Every call stands alone. Thread-safe for different namespaces.
/// </summary>
public sealed class PodRedirection
{
    private readonly NetworkNamespace _network;
    private readonly NftBackEnd _nftables;
    private readonly IptablesBackEnd _iptables;
    private readonly IptablesBackEnd _legacy;
    private readonly FrameRules _frames;
    private readonly PolicyRouting _routing;
    private readonly SocketMarks _marks;
    private readonly RuleSet _rules;
    private readonly RedirectionBackEnd _backEnd;

    /// <summary>
    /// Redirection of the namespace (which must stay open as long as this is used). Throws <see cref="ArgumentException"/> for
    /// options that cannot work.
    /// </summary>
    /// <param name="network">The pod's namespace.</param>
    /// <param name="options">What is wanted.</param>
    /// <param name="backEnd">What writes the rules.</param>
    /// <param name="egress">The chains for frames; null means those of the running kernel.</param>
    public PodRedirection(NetworkNamespace network, RedirectionOptions options, RedirectionBackEnd backEnd = RedirectionBackEnd.Nftables, NftEgress? egress = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        _rules = RuleSet.Build(options with { HideMark = options.HideMark && backEnd == RedirectionBackEnd.Nftables });
        if (options.Method == RedirectionMethod.Sockets && backEnd != RedirectionBackEnd.Nftables)
        {
            throw new ArgumentException("Method: redirection by sockets needs nftables; with iptables choose Translation");
        }

        _network = network;
        _backEnd = backEnd;
        var tools = new PodTools(network);
        _nftables = new NftBackEnd(tools, network);
        _iptables = new IptablesBackEnd(tools, legacy: false);
        _legacy = new IptablesBackEnd(tools, legacy: true);
        _frames = new FrameRules(network, _rules.Options.Ipv6, egress ?? NftEgress.OfThisKernel);
        _routing = new PolicyRouting(network);
        _marks = new SocketMarks(network);
    }

    /// <summary>
    /// Whether the kernel can keep frames that programs make themselves (AF_PACKET) in a pod: Linux 5.16, with netfilter's egress hook. True until a
    /// kernel has said no; the rules are the same without it.
    /// </summary>
    public static bool KeepsFrames => NftEgress.OfThisKernel.IsSupported;

    /// <summary>
    /// Brings the namespace to the model, whatever of ours or of upstream's agent it holds. The new rules are in force before those
    /// of another back end go: both lead to the same ports. Throws <see cref="RedirectionException"/>.
    /// </summary>
    public async Task ApplyAsync(CancellationToken cancellation)
    {
        // Routes first: a redirect whose answers have no way back would cut connections.
        bool sockets = _rules.Options.Method == RedirectionMethod.Sockets;
        if (sockets)
        {
            _marks.Set(on: true);
        }

        _routing.Apply(_rules.Options, capture: false);
        switch (_backEnd)
        {
            case RedirectionBackEnd.Nftables:
                if (await _nftables.ApplyAsync(_rules, cancellation))
                {
                    await _iptables.RemoveAsync(cancellation);
                }

                await _legacy.RemoveAsync(cancellation);
                break;
            case RedirectionBackEnd.IptablesNft:
                await _iptables.ApplyAsync(_rules, cancellation);
                await _nftables.RemoveAsync(cancellation);
                await _legacy.RemoveAsync(cancellation);
                break;
            default:
                await _legacy.ApplyAsync(_rules, cancellation);
                await _nftables.RemoveAsync(cancellation);
                await _iptables.RemoveAsync(cancellation);
                break;
        }

        _frames.Apply();
        if (sockets)
        {
            _routing.Apply(_rules.Options, capture: true);
        }
    }

    /// <summary>
    /// The pod leaves, and its proxy carries connections: new ones are not redirected any more, those go on. Call it again when some have ended, and
    /// <see cref="RemoveAsync"/> after the last one. Throws <see cref="RedirectionException"/>.
    /// </summary>
    public async Task EndAsync(IReadOnlyList<Flow> carried, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(carried);
        RuleSet ending = RuleSet.BuildEnding(_rules.Options);
        _frames.Remove();
        _routing.End(_rules.Options, carried);
        switch (_backEnd)
        {
            case RedirectionBackEnd.Nftables:
                await _nftables.ApplyAsync(ending, cancellation);
                break;
            case RedirectionBackEnd.IptablesNft:
                await _iptables.ApplyAsync(ending, cancellation);
                break;
            default:
                await _legacy.ApplyAsync(ending, cancellation);
                break;
        }
    }

    /// <summary>
    /// The connections that the kernel spares, whichever agent wrote that down: there is no other memory of them. Throws
    /// <see cref="RedirectionException"/>.
    /// </summary>
    public IReadOnlyList<Flow> ReadSpared() => _routing.Spared(_rules.Options);

    /// <summary>
    /// Whether the namespace holds rules of a version of ours that did not know which connections came from outside (redirection by sockets in ingress mode): under
    /// those of today their applications could not speak before the other end does, so <see cref="ReadDirect"/> is to be spared. Throws <see cref="RedirectionException"/>.
    /// </summary>
    public bool HoldsRulesThatTrackNothing() =>
        _rules.Options is { Method: RedirectionMethod.Sockets, IngressMode: true } && _nftables.LacksExit();

    /// <summary>
    /// The connections that came from outside past the proxy to ports on which somebody listens, known by the mark that the kernel gave their sockets. What an application with
    /// CAP_NET_RAW has marked itself is none of them. None where the kernel cannot be asked. Throws <see cref="RedirectionException"/>.
    /// </summary>
    public IReadOnlyList<Flow> ReadDirect()
    {
        try
        {
            return ListeningSockets.TryRead(_network) is not { } listening ? []
                : [.. (MarkedSockets.TryRead(_network, _rules.Options.DirectMark.Value, _rules.Options.DirectMark.Mask) ?? [])
                    .Select(s => new Flow(s.Local, s.Remote)).Where(f => f.Local.Port != _rules.Options.Ports.Hbone && listening.ContainsKey(f.Local.Port)).Distinct()];
        }
        catch (LinuxException e)
        {
            throw new RedirectionException("cannot read the pod's connections: " + e.Message, e);
        }
    }

    /// <summary>Compares the kernel with the model: rules and their order, chains and hooks, routing. Throws <see cref="RedirectionException"/> when it cannot be read.</summary>
    public async Task<VerificationReport> VerifyAsync(CancellationToken cancellation)
    {
        var differences = new List<Difference>();
        IReadOnlyList<string>? tables = null;
        if (_backEnd == RedirectionBackEnd.Nftables)
        {
            tables = await _nftables.VerifyAsync(_rules, differences, cancellation);
        }
        else
        {
            await (_backEnd == RedirectionBackEnd.IptablesNft ? _iptables : _legacy).VerifyAsync(_rules, differences, cancellation);
        }

        _frames.Verify(differences);
        _routing.Verify(_rules.Options, differences);
        if (_rules.Options.Method == RedirectionMethod.Sockets)
        {
            _marks.Verify(differences);
        }

        return new VerificationReport(differences) { InetTables = tables };
    }

    /// <summary>Removes everything of ours, of any back end; succeeds when there is nothing. Throws <see cref="RedirectionException"/>.</summary>
    public async Task RemoveAsync(CancellationToken cancellation)
    {
        // Routes that lead to a proxy without rules would lead nowhere.
        _frames.Remove();
        _routing.Remove(_rules.Options);
        if (await _nftables.RemoveAsync(cancellation))
        {
            await _iptables.RemoveAsync(cancellation);
        }

        await _legacy.RemoveAsync(cancellation);
        if (_rules.Options.Method == RedirectionMethod.Sockets)
        {
            _marks.Set(on: false);
        }
    }
}
