using System.Diagnostics;

namespace Ambient.Component.Tests.ControlPlane;

/// <summary>The npm packages of tests, installed once into a cache outside of the repository (AMBIENT_NPM_DIR, else the user's cache).</summary>
internal static class GrpcJs
{
    private static readonly string[] Packages = ["@grpc/grpc-js@1", "@grpc/proto-loader@0.8"];
    private static readonly SemaphoreSlim Gate = new(1);

    public static async Task<string> EnsureAsync()
    {
        string directory = Environment.GetEnvironmentVariable("AMBIENT_NPM_DIR")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "ambient", "npm");
        string modules = Path.Combine(directory, "node_modules");
        await Gate.WaitAsync();
        try
        {
            if (!Directory.Exists(Path.Combine(modules, "@grpc", "grpc-js")) || !Directory.Exists(Path.Combine(modules, "@grpc", "proto-loader")))
            {
                Directory.CreateDirectory(directory);
                await RunAsync("npm", ["install", "--no-audit", "--no-fund", "--prefix", directory, .. Packages]);
            }
        }
        finally
        {
            Gate.Release();
        }

        return modules;
    }

    public static async Task RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(3));
        Assert.True(process.ExitCode == 0, $"{program}: {await output}{errors}");
    }
}
