using System.Net;
using Ambient.Cni.Agent.Pods;

namespace Ambient.Cni.Agent.Tests.Pods;

/// <summary>What must never happen, and what must be in the end.</summary>
internal sealed partial class NodeWorld
{
    private void Check()
    {
        foreach (Sandbox sandbox in _sandboxes.Values)
        {
            if (sandbox.Started && !sandbox.IsBypassed && sandbox.Pod.Namespace == "mesh" && !_wasRelabelled && !sandbox.Rules && !sandbox.Guard && !MayOpen(sandbox))
            {
                Fail($"{sandbox.Pod.Uid} runs without rules and without guard");
            }

            if (sandbox.Pod.Namespace == "plain" && (sandbox.Rules || sandbox.Guard))
            {
                Fail("a pod outside of the mesh has rules");
            }
        }
    }

    /// <summary>Without its proxy it may go on in plaintext: the operator says so, and it does not ask for more.</summary>
    private bool MayOpen(Sandbox sandbox) => !_isStrict && sandbox.Pod.Uid != "a";

    /// <summary>What is not yet as it must be at rest; null when everything is.</summary>
    private string? Complaint()
    {
        foreach (ApiPod pod in _api.Values)
        {
            if (!pod.Started)
            {
                return $"{pod.Uid} does not start";
            }

            Sandbox sandbox = _sandboxes[pod.Network!.Value];
            bool mesh = pod.Namespace == "mesh" && _isLabelled;
            if (sandbox.Rules != mesh || sandbox.Guard || _proxied.Contains(pod.Network.Value) != mesh)
            {
                return $"{pod.Uid} has rules {sandbox.Rules}, guard {sandbox.Guard}, proxy {_proxied.Contains(pod.Network.Value)}";
            }

            if (sandbox.IsHeld)
            {
                return $"{pod.Uid} still holds new connections";
            }

            if ((pod.Annotation == "enabled") != mesh || _disk.ContainsKey(pod.Uid) != mesh || _probes.Contains(pod.Uid) != mesh)
            {
                return $"{pod.Uid} is annotated {pod.Annotation}, remembered {_disk.ContainsKey(pod.Uid)}, probed {_probes.Contains(pod.Uid)}";
            }
        }

        string? outlived = _disk.Keys.Concat(_probes).Concat(_wanted.Keys).Concat(_book!.List().Select(p => p.Uid)).FirstOrDefault(u => !_api.ContainsKey(u));
        NetworkIdentity[] live = [.. _api.Values.Where(p => p.Namespace == "mesh" && _isLabelled).Select(p => p.Network!.Value)];
        return outlived is not null ? $"something of {outlived} outlives it"
            : _open.Keys.Except(live).Any() ? $"{_open.Keys.Except(live).First()} is still held open"
            : _open.FirstOrDefault(o => o.Value > 1) is { Value: > 1 } twice ? $"{twice.Key} is held {twice.Value} times"
            : null;
    }

    private void Fail(string what) => Assert.Fail(
        $"{_story}: {what}\n{string.Join(' ', _history.TakeLast(120))}\n{string.Join('\n', _book!.List())}\npending: {string.Join(", ", _pending)}");

    private sealed class ApiPod(string uid, string ns)
    {
        public string Uid => uid;

        public string Namespace => ns;

        public NetworkIdentity? Network { get; set; }

        public IPAddress Address { get; set; } = IPAddress.None;

        public bool Started { get; set; }

        public string? Annotation { get; set; }

        public long Request { get; set; }

        public ulong Version { get; set; } = 1;

        public bool WasInMeshSinceAdd { get; set; }
    }

    private sealed class Sandbox(ApiPod pod)
    {
        public ApiPod Pod => pod;

        public bool Rules { get; set; }

        public bool Guard { get; set; }

        public bool IsHeld { get; set; }

        public bool Started { get; set; }

        public bool IsBypassed { get; set; }
    }
}
