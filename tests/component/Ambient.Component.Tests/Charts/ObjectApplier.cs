using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.Component.Tests.Kubernetes;

namespace Ambient.Component.Tests.Charts;

/// <summary>Applies objects of any kind to a real API server, as kubectl does, and says what the server says.</summary>
internal sealed class ObjectApplier : IDisposable
{
    private readonly X509Certificate2 _authority;
    private readonly X509Certificate2 _certificate;
    private readonly HttpClient _http;
    private readonly Dictionary<string, JsonArray> _kinds = [];

    public ObjectApplier(ApiServerFiles files)
    {
        _authority = X509CertificateLoader.LoadCertificateFromFile(files.Path("ca.crt"));
        using var read = X509Certificate2.CreateFromPemFile(files.Path("admin.crt"), files.Path("admin.key"));
        _certificate = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [_certificate],
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { _authority } },
            },
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri(files.Server) };
    }

    /// <summary>Applies; null when the server accepts, else its message.</summary>
    public async Task<string?> ApplyAsync(JsonObject one, bool dryRun = false)
    {
        string path = await PathAsync((string)one["apiVersion"]!, (string)one["kind"]!, (string?)one["metadata"]!["namespace"]);
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"{path}/{one["metadata"]!["name"]}?fieldManager=test&force=true{(dryRun ? "&dryRun=All" : "")}")
        {
            Content = new StringContent(one.ToJsonString(), Encoding.UTF8, "application/apply-patch+yaml"),
        };
        using HttpResponseMessage answer = await _http.SendAsync(request);
        return answer.IsSuccessStatusCode ? null : (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["message"];
    }

    /// <summary>Creates something of which only the answer matters.</summary>
    public async Task<JsonNode> AskAsync(string path, JsonObject question)
    {
        using HttpResponseMessage answer = await _http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(question.ToJsonString(), Encoding.UTF8, "application/json"));
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    /// <summary>Reads anything.</summary>
    public async Task<JsonNode> ReadAsync(string path) => JsonNode.Parse(await _http.GetStringAsync(new Uri(path, UriKind.Relative)))!;

    public void Dispose()
    {
        _http.Dispose();
        _certificate.Dispose();
        _authority.Dispose();
    }

    private async Task<string> PathAsync(string version, string kind, string? space)
    {
        string root = version.Contains('/', StringComparison.Ordinal) ? "/apis/" + version : "/api/" + version;
        if (!_kinds.TryGetValue(version, out JsonArray? known) || !known.Any(k => (string)k!["kind"]! == kind))
        {
            _kinds[version] = known = (await ReadAsync(root))["resources"]!.AsArray();
        }

        JsonNode found = known.First(k => (string)k!["kind"]! == kind && !((string)k["name"]!).Contains('/', StringComparison.Ordinal))!;
        return (bool)found["namespaced"]! ? $"{root}/namespaces/{space ?? "default"}/{found["name"]}" : $"{root}/{found["name"]}";
    }
}
