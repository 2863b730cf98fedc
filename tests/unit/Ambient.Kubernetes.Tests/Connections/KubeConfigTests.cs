using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.Kubernetes.Connections;
using Ambient.Testing.Clocks;

namespace Ambient.Kubernetes.Tests.Connections;

public sealed class KubeConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ambient-kubeconfig-").FullName;
    private readonly ManualTime _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task TokenAndAuthority_InTheFile()
    {
        (string certificate, string _) = Certificate("CN=ca");
        ClusterConnection connection = Parse($"""
            current-context: b
            contexts:
            - name: a
              context: {QuoteFlow("cluster: x, user: y")}
            - name: b
              context: {QuoteFlow("cluster: c, user: u, namespace: istio-system")}
            clusters:
            - name: c
              cluster: {QuoteFlow($"server: 'https://10.0.0.1:6443/k8s', tls-server-name: kubernetes, proxy-url: 'http://proxy:3128', certificate-authority-data: {Base64(certificate)}")}
            users:
            - name: u
              user: {QuoteFlow("token: t0ken")}
            """);
        Assert.Equal(("https://10.0.0.1:6443/k8s", "kubernetes", "http://proxy:3128/", "istio-system"), (connection.Server.ToString(), connection.ServerName, connection.Proxy!.ToString(), connection.Namespace));
        Assert.Equal("t0ken", (await connection.Credential.GetAsync(false, CancellationToken.None)).Token);
    }

    [Fact]
    public async Task ClientCertificate_InTheFile_AndInFiles_WhichAreReadAgain()
    {
        (string certificate, string key) = Certificate("CN=one");
        ClusterConnection inside = Parse(Config($"client-certificate-data: {Base64(certificate)}, client-key-data: {Base64(key)}"));
        Assert.Equal("CN=one", (await inside.Credential.GetAsync(false, CancellationToken.None)).Certificate!.Subject);

        await File.WriteAllTextAsync(Path.Combine(_folder, "c.pem"), certificate);
        await File.WriteAllTextAsync(Path.Combine(_folder, "k.pem"), key);
        await File.WriteAllTextAsync(Path.Combine(_folder, "config"), Config("client-certificate: c.pem, client-key: k.pem"));
        ClusterConnection beside = Load(Path.Combine(_folder, "config"));
        Assert.Equal("CN=one", (await beside.Credential.GetAsync(false, CancellationToken.None)).Certificate!.Subject);

        // Half a renewal leaves the last in force; a whole one is seen.
        (certificate, key) = Certificate("CN=two");
        Replace("c.pem", certificate, 1);
        Assert.Equal("CN=one", (await beside.Credential.GetAsync(false, CancellationToken.None)).Certificate!.Subject);
        Replace("k.pem", key, 2);
        Assert.Equal("CN=two", (await beside.Credential.GetAsync(false, CancellationToken.None)).Certificate!.Subject);
    }

    [Fact]
    public async Task TokenFile_IsReadAgainEachMinute_AndALostOneStays()
    {
        string file = Path.Combine(_folder, "token");
        await File.WriteAllTextAsync(file, "one\n");
        ICredential credential = Parse(Config($"tokenFile: '{file}'")).Credential;
        Assert.Equal("one", await Token(credential));
        await File.WriteAllTextAsync(file, "two");
        Assert.Equal("one", await Token(credential));
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("two", await Token(credential));
        File.Delete(file);
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("two", await Token(credential));
        await File.WriteAllTextAsync(file, "three");
        Assert.Equal("two", await Token(credential));
        Assert.Equal("three", await Token(credential, isRefused: true));
        await File.WriteAllTextAsync(file, "with\r\nEvil: header");
        Assert.Equal("three", await Token(credential, isRefused: true));
        await Assert.ThrowsAsync<CredentialException>(() => Token(Parse(Config($"tokenFile: '{file}'")).Credential));
    }

    [Fact]
    public async Task Exec_RunsTheProgram_KeepsWhatItPrints_UntilItExpiresOrIsRefused()
    {
        string program = Path.Combine(_folder, "login"), count = Path.Combine(_folder, "count");
        await File.WriteAllTextAsync(program, $$$"""
            #!/bin/sh
            echo x >> {{{count}}}
            n=$(wc -l < {{{count}}})
            printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s-%s-%s","expirationTimestamp":"2030-01-01T01:00:00Z"}}' "$1" "$WHO" "$n"
            case "$KUBERNETES_EXEC_INFO" in *https://10.0.0.1*) ;; *) exit 3 ;; esac
            """);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(Path.Combine(_folder, "config"), Config("exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login, args: [a], env: [{name: WHO, value: me}], provideClusterInfo: true}"));
        ICredential credential = Load(Path.Combine(_folder, "config")).Credential;
        Assert.Equal("a-me-1", await Token(credential));
        Assert.Equal("a-me-1", await Token(credential));
        Assert.Equal("a-me-2", await Token(credential, isRefused: true));
        _time.Advance(TimeSpan.FromMinutes(59.6));
        Assert.Equal("a-me-3", await Token(credential));
    }

    [Theory]
    [InlineData("exit 4", "ended with 4: sorry")]
    [InlineData("printf nonsense", "did not print an ExecCredential")]
    [InlineData("printf '{\"status\":{}}'", "neither status.token nor")]
    public async Task Exec_ThatFails_SaysHow_AndDoesNotRepeatWhatItPrinted(string script, string expected)
    {
        string program = Path.Combine(_folder, "login");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\necho sorry >&2\n{script}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var credential = new ExecCredential(new ExecSettings { Command = program }, _time);
        CredentialException error = await Assert.ThrowsAsync<CredentialException>(() => Token(credential));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("nonsense", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exec_ThatIsMissing_GivesTheHint_AndOneThatHangs_IsEnded()
    {
        using var missing = new ExecCredential(new ExecSettings { Command = "/nowhere/login", InstallHint = "get it from the store" }, _time);
        Assert.Contains("get it from the store", (await Assert.ThrowsAsync<CredentialException>(() => Token(missing))).Message, StringComparison.Ordinal);
        using var hanging = new ExecCredential(new ExecSettings { Command = "sleep", Arguments = ["1000"], Patience = TimeSpan.FromMilliseconds(50) }, _time);
        Assert.Contains("did not end within", (await Assert.ThrowsAsync<CredentialException>(() => Token(hanging))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SeveralFiles_TheFirstThatNamesSomethingCounts()
    {
        File.WriteAllText(Path.Combine(_folder, "a"), "current-context: k\nusers:\n- name: u\n  user: {token: first}\n");
        File.WriteAllText(Path.Combine(_folder, "b"), Config("token: second"));
        var environment = new Dictionary<string, string> { ["KUBECONFIG"] = $"{_folder}/missing:{_folder}/a:{_folder}/b" };
        ClusterConnection? connection = KubeConfig.Load(environment, KubeConfigOptions.Own, _time, out string? error);
        Assert.True(connection is not null, error);
        Assert.Equal("first", await Token(connection.Credential));
    }

    [Theory]
    [InlineData("a: {", "kubeconfig: line ")]
    [InlineData("[]", "is no mapping")]
    [InlineData("a: b", "current-context is not set")]
    [InlineData("current-context: x", "contexts: there is none named x")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]", "contexts[x].cluster: there is no cluster named c")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: nowhere}}]", "clusters[c].server: is no https address")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://a'}}]", "contexts[x].user: there is no user named u")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://a', certificate-authority-data: '#'}}]", "certificate-authority-data: is not base64")]
    public void WhatIsWrong_IsNamed(string text, string expected)
    {
        Assert.Null(KubeConfig.Parse(text, KubeConfigOptions.Own, _time, out string? error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exec: {command: evil}", "programs are not started")]
    [InlineData("tokenFile: /etc/shadow", "files are not read")]
    [InlineData("client-certificate: /etc/x, client-key: /etc/y", "files are not read")]
    [InlineData("auth-provider: {name: gcp}", "Kubernetes has dropped it")]
    [InlineData("username: a, password: b", "Kubernetes has dropped it")]
    public void ForeignConfig_NeitherRunsProgramsNorReadsFiles(string user, string expected)
    {
        Assert.Null(KubeConfig.Parse(Config(user), KubeConfigOptions.Foreign, _time, out string? error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InCluster_TakesTheServiceAccount_AndSaysWhatIsMissing()
    {
        Assert.Null(ClusterConnection.InCluster(new Dictionary<string, string>(), _time, out string? error, _folder));
        Assert.Contains("KUBERNETES_SERVICE_HOST", error, StringComparison.Ordinal);
        var environment = new Dictionary<string, string> { ["KUBERNETES_SERVICE_HOST"] = "fd00::1", ["KUBERNETES_SERVICE_PORT"] = "443" };
        Assert.Null(ClusterConnection.InCluster(environment, _time, out error, _folder));
        Assert.Contains("ca.crt", error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(_folder, "ca.crt"), Certificate("CN=ca").Certificate);
        await File.WriteAllTextAsync(Path.Combine(_folder, "token"), "t");
        await File.WriteAllTextAsync(Path.Combine(_folder, "namespace"), "istio-system");
        ClusterConnection connection = ClusterConnection.InCluster(environment, _time, out error, _folder)!;
        Assert.Equal(("https://[fd00::1]/", "istio-system", "t"), (connection.Server.ToString(), connection.Namespace, await Token(connection.Credential)));
    }

    private static string QuoteFlow(string text) => "{" + text + "}";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Config(string user) =>
        "current-context: k\ncontexts: [{name: k, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://10.0.0.1:6443'}}]\nusers: [{name: u, user: {" + user + "}}]\n";

    private static (string Certificate, string Key) Certificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest(name, key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        return (certificate.ExportCertificatePem(), key.ExportECPrivateKeyPem());
    }

    private static async Task<string?> Token(ICredential credential, bool isRefused = false) => (await credential.GetAsync(isRefused, CancellationToken.None)).Token;

    private void Replace(string name, string text, int minutes)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        File.SetLastWriteTimeUtc(path, new DateTime(2031, 1, 1, 0, minutes, 0, DateTimeKind.Utc));
    }

    private ClusterConnection Parse(string text)
    {
        ClusterConnection? connection = KubeConfig.Parse(text, KubeConfigOptions.Own, _time, out string? error);
        Assert.True(connection is not null, error);
        return connection;
    }

    private ClusterConnection Load(string file)
    {
        ClusterConnection? connection = KubeConfig.LoadFiles([file], KubeConfigOptions.Own, _time, out string? error);
        Assert.True(connection is not null, error);
        return connection;
    }
}
