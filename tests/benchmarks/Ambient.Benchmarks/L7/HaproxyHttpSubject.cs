using Ambient.Benchmarks.Network;
using Ambient.Benchmarks.Subjects;

namespace Ambient.Benchmarks.L7;

/// <summary>HAProxy in HTTP mode: one thread, connections to the server kept and shared.</summary>
internal sealed class HaproxyHttpSubject : Subject
{
    public override string Name => "haproxy-http";

    public override string Entry(SubjectContext context) => $"{BenchNetwork.ServerAddress}:{HttpPorts.Http1}";

    public override IReadOnlyList<ProcessSpec> Processes(SubjectContext context)
    {
        string path = Path.Combine(context.Directory, "haproxy-http.cfg");
        File.WriteAllText(path, $"""
            global
              nbthread 1
              maxconn 9950
            defaults
              mode http
              timeout connect 10s
              timeout client 1h
              timeout server 1h
              http-reuse always
            listen l
              bind {BenchNetwork.ServerAddress}:{HttpPorts.Http1} backlog 4096
              bind {BenchNetwork.ServerAddress}:{HttpPorts.Http2} backlog 4096 proto h2
              server s {BenchNetwork.ServerAddress}:{context.TargetPort} pool-max-conn 1000

            """);
        return [new ProcessSpec(context.Network.Server, ["haproxy", "-db", "-f", path], NoEnvironment)];
    }
}
