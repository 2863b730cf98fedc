using Ambient.Benchmarks.Network;
using Ambient.Benchmarks.Subjects;

namespace Ambient.Benchmarks.L7;

/// <summary>nginx with proxy_pass: one worker, no access log, connections to the server kept.</summary>
internal sealed class NginxHttpSubject : Subject
{
    public override string Name => "nginx-http";

    public override string Entry(SubjectContext context) => $"{BenchNetwork.ServerAddress}:{HttpPorts.Http1}";

    public override IReadOnlyList<ProcessSpec> Processes(SubjectContext context)
    {
        string directory = Directory.CreateDirectory(Path.Combine(context.Directory, "nginx-http")).FullName;
        string path = Path.Combine(directory, "nginx.conf");
        string Server(string listen) => $$"""
              server {
                listen {{BenchNetwork.ServerAddress}}:{{listen}} backlog=4096;
                keepalive_requests 100000000;
                location / { proxy_pass http://s; proxy_http_version 1.1; proxy_set_header Connection ""; }
              }
            """;
        File.WriteAllText(path, $$"""
            daemon off; worker_processes 1; pid {{directory}}/nginx.pid; error_log {{directory}}/error.log;
            events { worker_connections 9950; }
            http {
              access_log off;
              client_body_temp_path {{directory}}/b; proxy_temp_path {{directory}}/p; fastcgi_temp_path {{directory}}/f; uwsgi_temp_path {{directory}}/u; scgi_temp_path {{directory}}/s;
              upstream s { server {{BenchNetwork.ServerAddress}}:{{context.TargetPort}}; keepalive 256; keepalive_requests 100000000; }
            {{Server($"{HttpPorts.Http1}")}}
            {{Server($"{HttpPorts.Http2} http2")}}
            }

            """);
        return [new ProcessSpec(context.Network.Server, ["nginx", "-p", directory, "-c", path], NoEnvironment)];
    }
}
