using Ambient.Benchmarks.Network;

namespace Ambient.Benchmarks.Subjects;

/// <summary>Two nginx stream proxies with mutual TLS 1.3 between them; one worker each, 64 KB buffers, no session reuse.</summary>
internal sealed class NginxSubject : Subject
{
    public override string Name => "nginx-mtls";

    public override string Entry(SubjectContext context) => "127.0.0.1:25001";

    public override IReadOnlyList<ProcessSpec> Processes(SubjectContext context)
    {
        string c = context.Certificates.Directory;
        string server = $"listen {BenchNetwork.ServerAddress}:25002 ssl backlog=4096; ssl_certificate {c}/b.crt; ssl_certificate_key {c}/b.key; ssl_protocols TLSv1.3; "
            + $"ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; ssl_verify_client on; ssl_client_certificate {c}/ca.pem; ssl_session_tickets off; ssl_session_cache off; "
            + $"proxy_pass {BenchNetwork.ServerAddress}:{context.TargetPort};";
        string client = $"listen 127.0.0.1:25001 backlog=4096; proxy_pass {BenchNetwork.ServerAddress}:25002; proxy_ssl on; proxy_ssl_certificate {c}/a.crt; "
            + $"proxy_ssl_certificate_key {c}/a.key; proxy_ssl_protocols TLSv1.3; proxy_ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; proxy_ssl_verify on; "
            + $"proxy_ssl_trusted_certificate {c}/ca.pem; proxy_ssl_name b.local; proxy_ssl_session_reuse off;";
        return [Side(context, context.Network.Server, "nb", server), Side(context, context.Network.Client, "na", client)];
    }

    private static ProcessSpec Side(SubjectContext context, string ns, string file, string server)
    {
        string path = Path.Combine(context.Directory, file);
        File.WriteAllText(path + ".conf", $$"""
            load_module /usr/lib/nginx/modules/ngx_stream_module.so;
            pid {{path}}.pid;
            error_log {{path}}.err error;
            daemon off;
            worker_processes 1;
            worker_rlimit_nofile 20000;
            events { worker_connections 20000; }
            stream { proxy_buffer_size 64k; proxy_timeout 1h; tcp_nodelay on; server { {{server}} } }

            """);
        return new ProcessSpec(ns, ["nginx", "-c", path + ".conf"], NoEnvironment);
    }
}
