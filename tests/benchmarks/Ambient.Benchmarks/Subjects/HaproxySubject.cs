using Ambient.Benchmarks.Network;

namespace Ambient.Benchmarks.Subjects;

/// <summary>Two HAProxy processes, plain TCP or with mutual TLS 1.3 between them; one thread each, 64 KB buffers.</summary>
internal sealed class HaproxySubject(bool mutualTls) : Subject
{
    public override string Name => mutualTls ? "haproxy-mtls" : "haproxy-tcp";

    public override string Entry(SubjectContext context) => "127.0.0.1:25001";

    public override IReadOnlyList<ProcessSpec> Processes(SubjectContext context)
    {
        string certificates = context.Certificates.Directory;
        string bind = mutualTls
            ? $" ssl crt {certificates}/b.pem ca-file {certificates}/ca.pem verify required ssl-min-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256 no-tls-tickets"
            : "";
        string server = mutualTls
            ? $" ssl crt {certificates}/a.pem ca-file {certificates}/ca.pem verify required ssl-min-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256 no-ssl-reuse no-tls-tickets"
            : "";
        return
        [
            Side(context, context.Network.Server, "hb", $"bind {BenchNetwork.ServerAddress}:25002 backlog 4096{bind}", $"server s {BenchNetwork.ServerAddress}:{context.TargetPort}"),
            Side(context, context.Network.Client, "ha", "bind 127.0.0.1:25001 backlog 4096", $"server s {BenchNetwork.ServerAddress}:25002{server}"),
        ];
    }

    private static ProcessSpec Side(SubjectContext context, string ns, string file, string bind, string server)
    {
        string path = Path.Combine(context.Directory, file + ".cfg");
        File.WriteAllText(path, $"""
            global
              nbthread 1
              maxconn 9950
              tune.bufsize 65536
            defaults
              mode tcp
              timeout connect 10s
              timeout client 1h
              timeout server 1h
              maxconn 9900
            listen l
              {bind}
              {server}

            """);
        return new ProcessSpec(ns, ["haproxy", "-db", "-f", path], NoEnvironment);
    }
}
