using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Ambient.Kubernetes.Connections;

/// <summary>
/// Credentials that a program prints (<c>ExecCredential</c>). Kept until they expire or are refused; one run at a time. What it prints is never
/// logged. Thread-safe.
/// </summary>
public sealed class ExecCredential(ExecSettings settings, TimeProvider time) : ICredential, IDisposable
{
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(30);
    private const int LongestAnswer = 1024 * 1024;
    private readonly SemaphoreSlim _one = new(1);
    private Credential? _held;
    private DateTimeOffset? _expires;

    /// <inheritdoc/>
    public async ValueTask<Credential> GetAsync(bool isRefused, CancellationToken cancellation)
    {
        Credential? seen = Volatile.Read(ref _held);
        await _one.WaitAsync(cancellation);
        try
        {
            // Many requests may be refused at the same time; one new run serves them all.
            bool isUsable = _held is not null && (_expires is null || time.GetUtcNow() < _expires - Early);
            if (!isUsable || (isRefused && ReferenceEquals(seen, _held)))
            {
                (_held, _expires) = Read(await RunAsync(cancellation));
            }

            return _held!;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    internal (Credential Credential, DateTimeOffset? Expires) Read(string answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            JsonElement status = document.RootElement.GetProperty("status");
            string? token = Text(status, "token"), certificate = Text(status, "clientCertificateData"), key = Text(status, "clientKeyData");
            if (token is null && (certificate is null || key is null))
            {
                throw new CredentialException($"{settings.Command} printed neither status.token nor status.clientCertificateData with clientKeyData");
            }

            DateTimeOffset? expires = Text(status, "expirationTimestamp") is { } text
                ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal)
                : null;
            return (new Credential(token, certificate is null || key is null ? null : X509Certificate2.CreateFromPem(certificate, key)), expires);
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or CryptographicException)
        {
            throw new CredentialException($"{settings.Command} did not print an ExecCredential ({unreadable.GetType().Name})");
        }
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private async Task<string> RunAsync(CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(settings.Command) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in settings.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in settings.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["KUBERNETES_EXEC_INFO"] = Info();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(settings.Patience);
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
            process.StandardInput.Close();
            Task<string> output = ReadAsync(process.StandardOutput, limit.Token), errors = ReadAsync(process.StandardError, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            if (process.ExitCode != 0)
            {
                string said = (await errors).Trim();
                throw new CredentialException($"{settings.Command} ended with {process.ExitCode}: {(said.Length > 500 ? said[..500] : said)}");
            }

            return await output;
        }
        catch (Win32Exception missing)
        {
            throw new CredentialException($"{settings.Command} cannot be started: {missing.Message}. {settings.InstallHint}".TrimEnd(), missing);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new CredentialException($"{settings.Command} did not end within {settings.Patience.TotalSeconds:0} s");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        char[] buffer = new char[4096];
        int read;
        while ((read = await reader.ReadAsync(buffer, cancellation)) > 0)
        {
            // The rest is read, so that the program can end, and thrown away.
            text.Append(buffer, 0, Math.Min(read, Math.Max(0, LongestAnswer - text.Length)));
        }

        return text.ToString();
    }

    private string Info()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("apiVersion", settings.ApiVersion);
            writer.WriteString("kind", "ExecCredential");
            writer.WriteStartObject("spec");
            writer.WriteBoolean("interactive", false);
            if (settings.ClusterServer is { } server)
            {
                writer.WriteStartObject("cluster");
                writer.WriteString("server", server.ToString());
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
