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

    /// <summary>Runs one of this folder's scripts with the packages; the result is the lines that it wrote.</summary>
    public static async Task<string[]> RunScriptAsync(string modules, string script, params string[] arguments)
    {
        string output = await RunAsync("node", [Path.Combine(AppContext.BaseDirectory, "ControlPlane", script), .. arguments], modules);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public static async Task<string> RunAsync(string program, string[] arguments, string? modules = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["NODE_PATH"] = modules;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(3));
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: {output}{await errors}");
        return output;
    }
}
