using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Ambient.Kubernetes.Connections;

/// <summary>Puts context, cluster and user of kubeconfig files together. For one call.</summary>
internal sealed class KubeConfigResolver(IReadOnlyList<KubeConfigFile> files, KubeConfigOptions options, TimeProvider time)
{
    private string? _error;

    public ClusterConnection? Resolve([NotNullWhen(false)] out string? error)
    {
        ClusterConnection? connection = null;
        try
        {
            connection = Resolve();
        }
        catch (Exception unusable) when (unusable is CredentialException or CryptographicException or FormatException or IOException or UnauthorizedAccessException)
        {
            _error ??= unusable.Message;
        }

        error = connection is null ? _error ?? "cannot be used" : null;
        return connection;
    }

    private ClusterConnection? Resolve()
    {
        string? name = options.Context ?? files.Select(f => KubeConfigFile.Text(f.Root, "current-context")).FirstOrDefault(c => c is not null);
        if (name is null)
        {
            return Fail("current-context is not set; name a context");
        }

        if (Find("contexts", "context", name) is not { } context)
        {
            return Fail($"contexts: there is none named {name}");
        }

        string? clusterName = KubeConfigFile.Text(context.Entry, "cluster"), userName = KubeConfigFile.Text(context.Entry, "user");
        if (clusterName is null || Find("clusters", "cluster", clusterName) is not { } cluster)
        {
            return Fail($"contexts[{name}].cluster: there is no cluster named {clusterName ?? "(none)"}");
        }

        if (KubeConfigFile.Text(cluster.Entry, "server") is not { } address || !Uri.TryCreate(address, UriKind.Absolute, out Uri? server) || server.Scheme is not ("https" or "http"))
        {
            return Fail($"clusters[{clusterName}].server: is no https address");
        }

        if (!options.MayReadFiles && server.Scheme == "http" && !server.IsLoopback)
        {
            return Fail($"clusters[{clusterName}].server: must be https; nobody can tell who answers otherwise, and a token would be read by all on the way");
        }

        (KubeConfigFile File, JsonElement Entry)? user = userName is null ? null : Find("users", "user", userName);
        if (userName is not null && user is null)
        {
            return Fail($"contexts[{name}].user: there is no user named {userName}");
        }

        Uri? proxy = null;
        if (KubeConfigFile.Text(cluster.Entry, "proxy-url") is { } proxyText && !Uri.TryCreate(proxyText, UriKind.Absolute, out proxy))
        {
            return Fail($"clusters[{clusterName}].proxy-url: is no address");
        }

        ICredential? credential = user is { } found ? Credential(found.File, found.Entry, $"users[{userName}]", server) : new FixedCredential(Connections.Credential.Anonymous);
        return credential is null || Trust(cluster.File, cluster.Entry, $"clusters[{clusterName}]") is not { } trust ? null : new ClusterConnection
        {
            Server = server,
            Trust = trust,
            Credential = credential,
            ServerName = KubeConfigFile.Text(cluster.Entry, "tls-server-name"),
            Proxy = proxy,
            Namespace = KubeConfigFile.Text(context.Entry, "namespace") ?? "default",
        };
    }

    private ServerTrust? Trust(KubeConfigFile file, JsonElement cluster, string where)
    {
        if (cluster.TryGetProperty("insecure-skip-tls-verify", out JsonElement skip) && skip.ValueKind == JsonValueKind.True)
        {
            return options.MayReadFiles ? ServerTrust.Anyone : Fail<ServerTrust>($"{where}.insecure-skip-tls-verify: is not taken from elsewhere");
        }

        if (KubeConfigFile.Text(cluster, "certificate-authority-data") is { } data)
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(Decode(data, where + ".certificate-authority-data"));
            return authorities.Count > 0 ? ServerTrust.Of(authorities) : Fail<ServerTrust>($"{where}.certificate-authority-data: holds no certificate");
        }

        return KubeConfigFile.Text(cluster, "certificate-authority") is not { } path ? ServerTrust.Machine
            : PathOf(file, path, where + ".certificate-authority") is { } full ? ServerTrust.OfFile(full) : null;
    }

    private ICredential? Credential(KubeConfigFile file, JsonElement user, string where, Uri server)
    {
        foreach (string old in (ReadOnlySpan<string>)["auth-provider", "username", "password"])
        {
            if (user.TryGetProperty(old, out _))
            {
                return Fail<ICredential>($"{where}.{old}: Kubernetes has dropped it; use a token, a client certificate or exec");
            }
        }

        string? token = KubeConfigFile.Text(user, "token"), tokenFile = KubeConfigFile.Text(user, "tokenFile");
        string? certificateData = KubeConfigFile.Text(user, "client-certificate-data"), keyData = KubeConfigFile.Text(user, "client-key-data");
        string? certificate = KubeConfigFile.Text(user, "client-certificate"), key = KubeConfigFile.Text(user, "client-key");
        if (tokenFile is not null)
        {
            return PathOf(file, tokenFile, where + ".tokenFile") is { } path ? new TokenFileCredential(path, time) : null;
        }

        if (certificateData is null && certificate is not null && key is not null && token is null)
        {
            return PathOf(file, certificate, where + ".client-certificate") is { } certificatePath && PathOf(file, key, where + ".client-key") is { } keyPath
                ? new CertificateFileCredential(certificatePath, keyPath)
                : null;
        }

        if (certificateData is not null || certificate is not null)
        {
            string? certificatePem = Pem(file, certificateData, certificate, where + ".client-certificate"), keyPem = Pem(file, keyData, key, where + ".client-key");
            return certificatePem is null || keyPem is null
                ? Fail<ICredential>($"{where}: a client certificate needs client-certificate(-data) and client-key(-data)")
                : new FixedCredential(new Credential(token, X509Certificate2.CreateFromPem(certificatePem, keyPem)));
        }

        if (token is not null)
        {
            return new FixedCredential(new Credential(token, null));
        }

        return user.TryGetProperty("exec", out JsonElement exec) && exec.ValueKind == JsonValueKind.Object ? Program(file, exec, where + ".exec", server) : new FixedCredential(Connections.Credential.Anonymous);
    }

    private ICredential? Program(KubeConfigFile file, JsonElement exec, string where, Uri server)
    {
        if (!options.MayRunPrograms)
        {
            return Fail<ICredential>($"{where}: programs are not started for a kubeconfig from elsewhere");
        }

        if (KubeConfigFile.Text(exec, "command") is not { } command)
        {
            return Fail<ICredential>($"{where}.command: is missing");
        }

        string version = KubeConfigFile.Text(exec, "apiVersion") ?? "client.authentication.k8s.io/v1";
        if (version is not ("client.authentication.k8s.io/v1" or "client.authentication.k8s.io/v1beta1"))
        {
            return Fail<ICredential>($"{where}.apiVersion: {version} is not known; v1 and v1beta1 are");
        }

        // A command with a slash is a file beside the kubeconfig; without one it is searched for.
        bool isFile = command.Contains('/') && !Path.IsPathRooted(command) && file.Folder is not null;
        return new ExecCredential(
            new ExecSettings
            {
                Command = isFile ? Path.Combine(file.Folder!, command) : command,
                Arguments = exec.TryGetProperty("args", out JsonElement arguments) && arguments.ValueKind == JsonValueKind.Array ? [.. arguments.EnumerateArray().Select(a => a.ToString())] : [],
                Environment = exec.TryGetProperty("env", out JsonElement variables) && variables.ValueKind == JsonValueKind.Array
                    ? [.. variables.EnumerateArray().Select(v => KeyValuePair.Create(KubeConfigFile.Text(v, "name") ?? "", KubeConfigFile.Text(v, "value") ?? "")).Where(v => v.Key.Length > 0)]
                    : [],
                ApiVersion = version,
                InstallHint = KubeConfigFile.Text(exec, "installHint"),
                ClusterServer = exec.TryGetProperty("provideClusterInfo", out JsonElement provide) && provide.ValueKind == JsonValueKind.True ? server : null,
            },
            time);
    }

    private string? Pem(KubeConfigFile file, string? data, string? path, string where) =>
        data is not null ? Decode(data, where + "-data") : path is not null && PathOf(file, path, where) is { } full ? File.ReadAllText(full) : null;

    private string? PathOf(KubeConfigFile file, string path, string where) => !options.MayReadFiles
        ? Fail<string>($"{where}: files are not read for a kubeconfig from elsewhere")
        : file.Folder is null ? path : Path.Combine(file.Folder, path);

    private string Decode(string base64, string where)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(base64));
        }
        catch (FormatException)
        {
            _error = $"{where}: is not base64";
            throw;
        }
    }

    private (KubeConfigFile File, JsonElement Entry)? Find(string list, string inner, string name)
    {
        foreach (KubeConfigFile file in files)
        {
            if (file.Entry(list, inner, name) is { } entry)
            {
                return (file, entry);
            }
        }

        return null;
    }

    private ClusterConnection? Fail(string why) => Fail<ClusterConnection>(why);

    private T? Fail<T>(string why)
        where T : class
    {
        _error ??= $"{files[0].Name}: {why}";
        return null;
    }
}
