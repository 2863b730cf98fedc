using System.Net;
using Ambient.Benchmarks.Network;
using Ambient.Cni.Redirection;
using Ambient.Cni.Redirection.Rules;
using Ambient.Linux.Namespaces;

namespace Ambient.Benchmarks.Subjects;

/// <summary>The product's redirection of a pod, applied to a benchmark namespace and taken back when disposed of.</summary>
internal sealed class CaptureRules : IDisposable
{
    private readonly NetworkNamespace _pod;
    private readonly PodRedirection _redirection;

    /// <summary>Applies the rules and compares the kernel with them. Throws <see cref="RedirectionException"/>, or <see cref="InvalidOperationException"/> when they differ.</summary>
    public CaptureRules(string ns, string address, RedirectionMethod method)
    {
        _pod = BenchNetwork.Open(ns);
        _redirection = new PodRedirection(_pod, new RedirectionOptions { Method = method, PodAddresses = [IPAddress.Parse(address)], DnsCapture = false, Ipv6 = false });
        _redirection.ApplyAsync(CancellationToken.None).GetAwaiter().GetResult();
        if (_redirection.VerifyAsync(CancellationToken.None).GetAwaiter().GetResult() is { IsClean: false } report)
        {
            throw new InvalidOperationException("the redirection of " + ns + " is not what it should be: " + report);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _redirection.RemoveAsync(CancellationToken.None).GetAwaiter().GetResult();
        _pod.Dispose();
    }
}
