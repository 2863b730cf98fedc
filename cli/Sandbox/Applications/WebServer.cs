using System.Globalization;
using Ambient.Topology.Networks;
using Ambient.Topology.Processes;

namespace Ambient.Cli.Sandbox.Applications;

/// <summary>nginx that answers with its version and the address it saw.</summary>
internal sealed class WebServer(string version) : SandboxApplication(8080)
{
    /// <inheritdoc/>
    protected override async Task<ProcessPlan> PrepareAsync(VirtualPod pod, string directory, CancellationToken cancellation)
    {
        string port = Port.ToString(CultureInfo.InvariantCulture);
        string configuration = $$"""
            daemon off;
            user root;
            worker_processes 1;
            pid {{directory}}/nginx.pid;
            error_log stderr warn;
            events { worker_connections 512; }
            http {
              access_log off;
              client_body_temp_path {{directory}}/body;
              proxy_temp_path {{directory}}/proxy;
              fastcgi_temp_path {{directory}}/fastcgi;
              uwsgi_temp_path {{directory}}/uwsgi;
              scgi_temp_path {{directory}}/scgi;
              server {
                listen {{port}};
                listen [::]:{{port}};
                location / {
                  default_type text/plain;
                  return 200 "web {{version}} saw $remote_addr say $arg_say\n";
                }
              }
            }
            """;
        string path = Path.Combine(directory, "nginx.conf");
        await File.WriteAllTextAsync(path, configuration, cancellation);
        return new ProcessPlan("nginx " + version, "nginx", "-c", path, "-p", directory, "-e", "stderr")
        {
            NamespaceName = pod.NamespaceName,
            LogPath = Path.Combine(directory, "nginx.log"),
        };
    }
}
